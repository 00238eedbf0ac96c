//! The user's logins to registries: the files of podman and docker, and the programs that they
//! name. They are read when a registry asks for a login, and not before.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::auth::Authorization;
use crate::bounded_read;
use crate::error::{Error, Result};
use crate::escape::{brief, shown_path};
use crate::home;
use crate::value::OciReference;

/// Bytes of a file with logins.
const FILE_BYTES: u64 = 1 << 20;

/// The beginning of the names of programs that keep logins.
const HELPER: &str = "docker-credential-";

/// The files of both programs, which have the same form.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LoginFile {
    auths: BTreeMap<String, FileEntry>,
    /// The program that keeps all logins.
    creds_store: Option<String>,
    /// The programs that keep those of one registry each.
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileEntry {
    auth: String,
    #[serde(rename = "identitytoken")]
    identity_token: String,
}

/// What a program that keeps logins prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

/// The user's login for the registry of a reference, if there is one.
pub(super) fn find(reference: &OciReference) -> Result<Option<Authorization>> {
    for path in files() {
        let fail = |what: String| {
            let path = shown_path(&path);
            Error::failed(format!("cannot read the logins in `{path}`: {what}"))
        };
        let bytes = bounded_read::read_named(&path, FILE_BYTES);
        let Some(bytes) = bytes.map_err(|error| fail(error.to_string()))? else { continue };
        let file: LoginFile =
            serde_json::from_slice(&bytes).map_err(|error| fail(brief(&error.to_string())))?;
        if let Some(found) = find_in(&file, reference)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Where logins may be, podman's places before docker's.
#[expect(clippy::disallowed_methods, reason = "these variables name podman's and docker's files")]
fn files() -> Vec<PathBuf> {
    let named = |variable: &str, below: &str| {
        let value = std::env::var_os(variable).filter(|value| !value.is_empty());
        value.map(|value| Path::new(&value).join(below))
    };
    let at_home = |below: &str| Some(home::home_dir()?.join(below));
    let containers = "containers/auth.json";
    let config = named("XDG_CONFIG_HOME", containers);
    let docker = named("DOCKER_CONFIG", "config.json");
    [
        std::env::var_os("REGISTRY_AUTH_FILE").map(PathBuf::from),
        named("XDG_RUNTIME_DIR", containers),
        config.or_else(|| at_home(".config/containers/auth.json")),
        docker.or_else(|| at_home(".docker/config.json")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The login in one file.
fn find_in(file: &LoginFile, reference: &OciReference) -> Result<Option<Authorization>> {
    let names = names(reference);
    let helper = names.iter().find_map(|name| file.cred_helpers.get(name).map(|it| (name, it)));
    if let Some((name, helper)) = helper {
        return ask_helper(helper, name);
    }
    let entry =
        names.iter().find_map(|name| file.auths.iter().find(|(key, _)| plain_name(key) == name));
    if let Some((_, entry)) = entry {
        if !entry.identity_token.is_empty() {
            return Err(identity_token(reference.registry()));
        }
        if !entry.auth.is_empty() {
            let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
            let registry = reference.registry();
            return match entry.auth.bytes().all(is_base64) {
                true => Ok(Some(Authorization::Encoded(entry.auth.clone()))),
                false => Err(Error::failed(format!("the login for `{registry}` is damaged"))
                    .hint(format!("podman login {registry}, or docker login {registry}"))),
            };
        }
    }
    let Some(helper) = &file.creds_store else { return Ok(None) };
    ask_helper(helper, entry.map_or(reference.registry(), |(key, _)| key))
}

/// The names by which a login for a reference is found, the most particular first.
fn names(reference: &OciReference) -> Vec<String> {
    let whole = format!("{}/{}", reference.registry(), reference.name());
    let ends = whole.match_indices('/').map(|(at, _)| at);
    let mut names: Vec<_> = ends.map(|at| whole[..at].to_owned()).collect();
    names.push(whole.clone());
    names.reverse();
    if reference.registry() == "docker.io" {
        names.push("index.docker.io".to_owned());
    }
    names
}

/// The key of a file as a name: docker also writes addresses.
fn plain_name(key: &str) -> &str {
    let key = key.strip_prefix("https://").or(key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or(key.strip_suffix("/v2")).unwrap_or(key)
}

/// Asks a program that keeps logins. `None` if it has none for this registry.
fn ask_helper(helper: &str, registry: &str) -> Result<Option<Authorization>> {
    let program = format!("{HELPER}{helper}");
    let fail = |what: &str| {
        let program = brief(&program);
        Error::failed(format!("`{program}`, which keeps logins, {what}"))
    };
    if helper.contains('/') {
        return Err(fail("is not the name of a program"));
    }
    #[expect(clippy::disallowed_methods, reason = "the program that the user keeps logins with")]
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = |error: std::io::Error| fail(&format!("cannot be started: {error}"));
    let mut child = command.spawn().map_err(start)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read has an answer all the same, or fails.
        let _ = stdin.write_all(registry.as_bytes());
    }
    let output = child.wait_with_output().map_err(start)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        // The only way that these programs have to say it.
        return match said.contains("credentials not found") {
            true => Ok(None),
            false => Err(fail(&format!("failed: {}", brief(said.trim())))),
        };
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&output.stdout).map_err(|_| fail("printed no login"))?;
    if answer.username == "<token>" {
        return Err(identity_token(registry));
    }
    Ok(Some(Authorization::Login { name: answer.username, password: answer.secret }))
}

fn identity_token(registry: &str) -> Error {
    let registry = brief(registry);
    Error::failed(format!(
        "the login for `{registry}` is an identity token, which paude cannot use"
    ))
    .hint(format!("podman login {registry}, with a name and a password or an access token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(file: &str, reference: &str) -> Option<String> {
        let file = serde_json::from_str(file).unwrap();
        match find_in(&file, &reference.parse().unwrap()).unwrap() {
            Some(Authorization::Encoded(auth)) => Some(auth),
            _ => None,
        }
    }

    #[test]
    fn the_most_particular_login_is_found() {
        let file = r#"{"auths": {
            "r.example": {"auth": "aG9zdA=="},
            "r.example/team": {"auth": "dGVhbQ=="},
            "r.example/team/policy": {"auth": "cG9saWN5"},
            "https://old.example/v1/": {"auth": "b2xk"},
            "empty.example": {}
        }}"#;
        for (reference, wanted) in [
            ("r.example/team/policy:1", Some("cG9saWN5")),
            ("r.example/team/other:1", Some("dGVhbQ==")),
            ("r.example/teams/policy:1", Some("aG9zdA==")),
            ("old.example/a:1", Some("b2xk")),
            ("empty.example/a:1", None),
            ("r.example:5000/team/policy:1", None),
            ("example.r/team:1", None),
        ] {
            assert_eq!(encoded(file, reference).as_deref(), wanted, "{reference}");
        }
        let docker = r#"{"auths": {"https://index.docker.io/v1/": {"auth": "aHVi"}}}"#;
        assert_eq!(encoded(docker, "docker.io/a/b:1").as_deref(), Some("aHVi"));
        assert_eq!(encoded(docker, "docker.example/a/b:1"), None);
    }

    #[test]
    fn what_cannot_be_used_is_an_error() {
        for (file, wanted) in [
            (r#"{"auths": {"r.example": {"auth": "a\nb"}}}"#, "is damaged"),
            (r#"{"auths": {"r.example": {"identitytoken": "x"}}}"#, "is an identity token"),
            (r#"{"credsStore": "no-such-program"}"#, "cannot be started"),
            (r#"{"credHelpers": {"r.example": "../x"}}"#, "is not the name of a program"),
        ] {
            let file = serde_json::from_str(file).unwrap();
            let error = find_in(&file, &"r.example/a:1".parse().unwrap());
            let error = error.err().expect("an error");
            assert!(error.message().contains(wanted), "{error}");
        }
    }
}
