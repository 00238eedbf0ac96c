//! The user's logins to registries: the files of podman and docker, and the programs that they
//! name. They are read when a registry asks for a login, and not before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::auth::Authorization;
use super::helper::{self, HelperLogin};
use crate::bounded_read;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::{brief, shown_path};
use crate::home;
use crate::value::OciReference;

/// Bytes of a file with logins.
const FILE_BYTES: u64 = 1 << 20;

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

/// The user's login for the registry of a reference, if there is one. A program that keeps it has
/// to answer before the deadline.
pub(super) fn find(reference: &OciReference, deadline: Deadline) -> Result<Option<Authorization>> {
    for path in files() {
        let fail = |what: String| {
            let path = shown_path(&path);
            Error::failed(format!("cannot read the logins in `{path}`: {what}"))
        };
        let bytes = bounded_read::read_named(&path, FILE_BYTES);
        let Some(bytes) = bytes.map_err(|error| fail(error.to_string()))? else { continue };
        let file: LoginFile =
            serde_json::from_slice(&bytes).map_err(|error| fail(brief(&error.to_string())))?;
        if let Some(found) = find_in(&file, reference, deadline)? {
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
fn find_in(
    file: &LoginFile,
    reference: &OciReference,
    deadline: Deadline,
) -> Result<Option<Authorization>> {
    let names = names(reference);
    let helper = names.iter().find_map(|name| file.cred_helpers.get(name).map(|it| (name, it)));
    if let Some((name, helper)) = helper {
        return ask_helper(helper, name, deadline);
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
    ask_helper(helper, entry.map_or(reference.registry(), |(key, _)| key), deadline)
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

fn ask_helper(helper: &str, registry: &str, deadline: Deadline) -> Result<Option<Authorization>> {
    match helper::ask(helper, registry, deadline)? {
        None => Ok(None),
        Some(HelperLogin { username, .. }) if username == "<token>" => {
            Err(identity_token(registry))
        }
        Some(HelperLogin { username, secret }) => {
            Ok(Some(Authorization::Login { name: username, password: secret }))
        }
    }
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
    use std::time::Duration;

    use super::*;

    fn hour() -> Deadline {
        Deadline::after(Duration::from_secs(3600))
    }

    fn encoded(file: &str, reference: &str) -> Option<String> {
        let file = serde_json::from_str(file).unwrap();
        match find_in(&file, &reference.parse().unwrap(), hour()).unwrap() {
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
            "http://older.example/v2": {"auth": "b2xkZXI="},
            "empty.example": {}
        }}"#;
        for (reference, wanted) in [
            ("r.example/team/policy:1", Some("cG9saWN5")),
            ("r.example/team/other:1", Some("dGVhbQ==")),
            ("r.example/teams/policy:1", Some("aG9zdA==")),
            ("old.example/a:1", Some("b2xk")),
            ("older.example/a:1", Some("b2xkZXI=")),
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
            let error = find_in(&file, &"r.example/a:1".parse().unwrap(), hour());
            let error = error.err().expect("an error");
            assert!(error.message().contains(wanted), "{error}");
        }
    }
}
