//! Reading the two settings files, and reporting what is wrong in them with line and column.

use std::path::{Path, PathBuf};

use super::settings_file::{ObjectOnly, Origin, ProjectFile, SettingsFile, UserFile};
use crate::bounded_read;
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::home;
use crate::value::SharedDir;
use crate::workspace::Workspace;

/// Far more than any real file, so that a hostile repository's file cannot exhaust memory.
const MAX_BYTES: u64 = 1 << 20;

/// Reads `paude.json` through the workspace handle. Returns warnings with it.
pub(super) fn read_project_file(
    workspace: &Workspace,
) -> Result<(SettingsFile<ProjectFile>, Vec<String>)> {
    let bytes = workspace.read(Path::new("paude.json"), MAX_BYTES).map_err(|error| {
        Error::usage(format!("cannot read paude.json: {error}"))
            .hint("paude.json must be a regular file inside the project")
            .caused_by(error)
    })?;
    parse("paude.json", bytes)
}

/// Reads the user's `config.json`. Returns warnings with it.
pub(super) fn read_user_file() -> Result<(SettingsFile<UserFile>, Vec<String>)> {
    let Some(path) = user_file() else { return parse("", None) };
    let name = shown_path(&path);
    let bytes = bounded_read::read_named(&path, MAX_BYTES).map_err(|error| {
        Error::usage(format!("cannot read `{name}`: {error}"))
            .hint("fix it, or set XDG_CONFIG_HOME to another directory")
            .caused_by(error)
    })?;
    parse(&name, bytes)
}

fn user_file() -> Option<PathBuf> {
    Some(home::config_dir()?.join("config.json"))
}

/// Resolves a path in the user's file, which is relative to that file.
pub(super) fn resolve_beside_user_file(path: &str) -> PathBuf {
    user_file().unwrap_or_default().with_file_name(path)
}

/// An entry of `with` in the user's file, whose path is relative to that file.
pub(super) fn shared_beside_user_file(entry: &str) -> SharedDir {
    let SharedDir { path, read_only } = SharedDir::parse(entry.as_ref());
    SharedDir { path: user_file().unwrap_or_default().with_file_name(path), read_only }
}

/// The value of a variable in paude's own environment; `None` if it is not set.
pub(super) fn host_variable(name: &str) -> Result<Option<String>> {
    #[expect(clippy::disallowed_methods, reason = "the user passes this variable on")]
    std::env::var_os(name)
        .map(std::ffi::OsString::into_string)
        .transpose()
        .map_err(|_| Error::usage(format!("--env `{}`: its value is not UTF-8", shown(name))))
}

/// The time zone of paude's own environment, if it is representable.
pub(super) fn host_time_zone() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the container gets the user's time zone")]
    std::env::var_os("TZ")?.into_string().ok()
}

/// Parses the content of a settings file, named so in messages; `None` is a missing file.
pub(super) fn parse<O: Origin>(
    name: &str,
    bytes: Option<Vec<u8>>,
) -> Result<(SettingsFile<O>, Vec<String>)> {
    let Some(bytes) = bytes else { return Ok((SettingsFile::default(), Vec::new())) };
    // Some editors write a byte order mark, which JSON does not allow.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let ObjectOnly(file) = serde_json::from_slice::<ObjectOnly<SettingsFile<O>>>(bytes)
        .map_err(|error| parse_error(name, &error))?;
    let warnings = file
        .ignored_keys()
        .into_iter()
        .map(|(key, instead)| {
            let ignored = format!("{name}: `{key}` has no meaning here and is ignored");
            if instead.is_empty() { ignored } else { format!("{ignored}: {instead}") }
        })
        .collect();
    Ok((file, warnings))
}

/// `NAME:LINE:COLUMN: MESSAGE`, with a hint that names the nearest key of an unknown one.
fn parse_error(name: &str, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let Some((key, known)) = split_unknown_field(text) else {
        return Error::usage(format!("{name}:{line}:{column}: {}", shown(text)));
    };
    let nearest = known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(key, known), known))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    let error = Error::usage(format!("{name}:{line}:{column}: unknown key `{}`", shown(key)));
    match nearest {
        Some((_, known)) => error.hint(format!("did you mean `{known}`?")),
        None => error.hint("`paude schema` prints every key and its meaning"),
    }
}

/// The unknown key and the known ones, if this is serde's message about an unknown field.
pub(super) fn split_unknown_field(text: &str) -> Option<(&str, Vec<&str>)> {
    // The unknown key is untrusted and may hold anything; what follows the last `expected` is
    // serde's list.
    let (key, known) = text.strip_prefix("unknown field `")?.rsplit_once("`, expected ")?;
    Some((key, known.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_report(text: &str) -> String {
        parse::<ProjectFile>("paude.json", Some(text.into())).unwrap_err().report()
    }

    #[test]
    fn an_unknown_key_is_an_error_that_suggests_the_nearest() {
        let report = error_report("{\n  \"vnev\": \"none\"\n}");
        assert_eq!(report, "error: paude.json:2:8: unknown key `vnev`\nhint: did you mean `venv`?");
        assert!(error_report("{\"protection\": 1}").contains("paude schema"));
        // Found by fuzzing: part of a key with a backtick was suggested as a known key.
        assert!(
            error_report("{\"a`\\u001bb`\": 1}")
                .ends_with("paude schema` prints every key and its meaning")
        );
    }

    #[test]
    fn errors_name_line_column_and_what_was_expected() {
        let cases = [
            (
                "{\"venv\": 3}",
                "paude.json:1:10: invalid type: integer `3`, expected \"auto\", \"none\" or an array",
            ),
            (
                "{\"venv\": \"no\"}",
                "invalid value: string \"no\", expected \"auto\", \"none\" or an array",
            ),
            ("{\"venv\": [1]}", "expected a string"),
            ("{\"depth\": -1}", "expected u64"),
            ("{\"depth\": 101}", "expected 0 to 100"),
            ("{\"size\": \"big\"}", "is not a size"),
            ("{\"image\": \"--privileged\"}", "expected an image as"),
            ("{\"env\": {\"A=B\": \"\"}}", "expected a variable name"),
            ("{\"setup\": []}", "expected a string"),
            ("{\"build\": \"Dockerfile\"}", "expected an object of settings"),
            ("{\"build\": [\"Dockerfile\"]}", "expected an object of settings"),
            ("{\"build\": {\"network\": \"host\"}}", "unknown key `network`"),
            ("{\"storage\": \"disk\"}", "unknown variant `disk`, expected `tmpfs` or `volume`"),
            ("{\"storage\": [\"volume\"]}", "expected \"tmpfs\", \"volume\" or an object with"),
            ("{\"storage\": {\"node\": \"disk\"}}", "unknown variant `disk`"),
            (
                "{\"storage\": {\"nodes\": \"volume\"}}",
                "paude.json:1:20: unknown key `nodes`\nhint: did you mean `node`?",
            ),
            ("{\"storage\": {\"node\": \"tmpfs\", \"node\": \"tmpfs\"}}", "duplicate field `node`"),
            ("{\"packages\": [\"--allow-unauthenticated\"]}", "expected the name of a package"),
            ("{\"packages\": [\"bash-\"]}", "expected the name of a package"),
            ("{\"venv\": \"none\", \"venv\": \"auto\"}", "duplicate field `venv`"),
            ("{\"venv\": \"none\",\n}", "paude.json:2:1: trailing comma"),
            ("[]", "paude.json:1:0: invalid type: sequence, expected an object of settings"),
            ("[null, \"none\"]", "expected an object of settings"),
            (
                "[null, \"none\", 0, null, null, null, null, null, null, [], null, 0, 0, 0, 0]",
                "expected an object",
            ),
            ("", "paude.json:1:0: EOF"),
        ];
        for (text, wanted) in cases {
            let report = error_report(text);
            assert!(report.contains(wanted), "{text}: {report}");
        }
    }

    #[test]
    fn a_project_may_not_set_what_only_the_user_may() {
        for text in [
            "{\"engine\": \"native\"}",
            "{\"engine_args\": [\"--privileged\"]}",
            "{\"user\": \"0\"}",
            "{\"policy_timeout\": 9}",
            "{\"with\": [\"../shared\"]}",
            "{\"with_git\": true}",
            "{\"builds\": \"allow\"}",
        ] {
            assert!(error_report(text).contains("a project may not set this"), "{text}");
            assert!(parse::<UserFile>("config.json", Some(text.into())).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_wrong_user_is_reported_with_its_file() {
        let text = "{\"user\": \"me\"}";
        let error = parse::<UserFile>("config.json", Some(text.into())).unwrap_err();
        let message = error.message();
        assert!(message.starts_with("config.json:1:"), "{message}");
        assert!(message.ends_with(": `me` is not UID or UID:GID, such as 1000:1000"), "{message}");
    }

    #[test]
    fn keys_of_the_original_program_are_ignored_with_a_warning() {
        let text =
            "{\"base\": \"debian\", \"pip_install\": true, \"create\": {}, \"secretEnv\": []}";
        let (file, warnings) = parse::<ProjectFile>("paude.json", Some(text.into())).unwrap();
        assert_eq!(file.image.unwrap().as_ref(), "debian");
        assert_eq!(warnings.len(), 3);
        for (warning, instead) in warnings.iter().zip(["`setup`", "`engine_args`", "`-e NAME`"]) {
            assert!(warning.contains(instead), "{warning}");
        }
    }

    #[test]
    fn ten_thousand_levels_are_refused_without_deep_recursion() {
        let deep = "[".repeat(10_000);
        assert!(error_report(&format!("{{\"venv\": {deep}")).contains("expected a string"));
        assert!(error_report(&format!("{{\"setup\": {deep}")).contains("expected a string"));
        // `IgnoredAny` skips a value without recursion.
        assert!(error_report(&format!("{{\"create\": {deep}")).contains("EOF"));
    }
}
