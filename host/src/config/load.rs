//! Finding and reading the two files, and saying exactly what is wrong in them.

use std::path::{Path, PathBuf};

use super::file::{File, Keyed, Origin, Person, Repository};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::file;
use crate::home;
use crate::workspace::Workspace;

/// Far more than any real file; a repository could bring a huge one.
const MAX_BYTES: u64 = 1 << 20;

/// The repository's file, read through the workspace handle, with warnings.
pub(super) fn project(workspace: &Workspace) -> Result<(File<Repository>, Vec<String>)> {
    let bytes = workspace.read(Path::new("paude.json"), MAX_BYTES).map_err(|error| {
        Error::usage(format!("cannot read paude.json: {error}"))
            .hint("paude.json must be a regular file inside the project")
    })?;
    parse("paude.json", bytes)
}

/// The person's own file, with warnings.
pub(super) fn person() -> Result<(File<Person>, Vec<String>)> {
    let Some(path) = person_file() else { return parse("", None) };
    let name = shown_path(&path);
    let bytes = file::read_named(&path, MAX_BYTES).map_err(|error| {
        Error::usage(format!("cannot read `{name}`: {error}"))
            .hint("mend it, or set XDG_CONFIG_HOME to another directory")
    })?;
    parse(&name, bytes)
}

fn person_file() -> Option<PathBuf> {
    Some(home::config()?.join("config.json"))
}

/// A path in the person's file is relative to that file.
pub(super) fn beside_person_file(path: &str) -> PathBuf {
    person_file().unwrap_or_default().with_file_name(path)
}

/// The person's own value of a variable.
pub(super) fn own_variable(name: &str) -> Result<Option<String>> {
    #[expect(clippy::disallowed_methods, reason = "the person asked to pass this variable on")]
    std::env::var_os(name)
        .map(std::ffi::OsString::into_string)
        .transpose()
        .map_err(|_| Error::usage(format!("--env `{}`: its value is not UTF-8", shown(name))))
}

pub(super) fn parse<O: Origin>(
    name: &str,
    bytes: Option<Vec<u8>>,
) -> Result<(File<O>, Vec<String>)> {
    let Some(bytes) = bytes else { return Ok((File::default(), Vec::new())) };
    // Some editors begin a UTF-8 file with a mark that JSON has no place for.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let Keyed(file) =
        serde_json::from_slice::<Keyed<File<O>>>(bytes).map_err(|error| explain(name, &error))?;
    let warnings = file
        .ignored()
        .into_iter()
        .map(|key| format!("{name}: `{key}` has no meaning here and is ignored"))
        .collect();
    Ok((file, warnings))
}

/// `paude.json:3:12: what is wrong`, with the nearest key where one was mistyped.
fn explain(name: &str, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    // The key is foreign and may hold anything; what follows the last `expected` is ours.
    let unknown = text.strip_prefix("unknown field `");
    if let Some((key, known)) = unknown.and_then(|rest| rest.rsplit_once("`, expected ")) {
        let near = known
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|known| (strsim::damerau_levenshtein(key, known), known))
            .filter(|(distance, _)| *distance <= 2)
            .min();
        let error = Error::usage(format!("{name}:{line}:{column}: unknown key `{}`", shown(key)));
        return match near {
            Some((_, known)) => error.hint(format!("did you mean `{known}`?")),
            None => error.hint("`paude schema` prints every key and its meaning"),
        };
    }
    Error::usage(format!("{name}:{line}:{column}: {}", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse::<Repository>("paude.json", Some(text.into())).unwrap_err().to_string()
    }

    #[test]
    fn a_typing_error_never_turns_protection_off() {
        let said = fault("{\n  \"vnev\": \"none\"\n}");
        assert_eq!(said, "error: paude.json:2:8: unknown key `vnev`\nhint: did you mean `venv`?");
        assert!(fault("{\"protection\": 1}").contains("paude schema"));
        // Found by fuzzing: a key with a backtick stood in the hint as if it were ours.
        assert!(
            fault("{\"a`\\u001bb`\": 1}")
                .ends_with("paude schema` prints every key and its meaning")
        );
    }

    #[test]
    fn wrong_types_values_and_syntax_say_where_and_what_was_expected() {
        let cases = [
            (
                "{\"venv\": 3}",
                "paude.json:1:10: invalid type: integer `3`, expected \"auto\", \"none\" or a list",
            ),
            (
                "{\"venv\": \"no\"}",
                "invalid value: string \"no\", expected \"auto\", \"none\" or a list",
            ),
            ("{\"venv\": [1]}", "expected a string"),
            ("{\"depth\": -1}", "expected u64"),
            ("{\"depth\": 101}", "expected 0 to 100"),
            ("{\"size\": \"big\"}", "is not a size"),
            ("{\"image\": \"--privileged\"}", "an image is named"),
            ("{\"env\": {\"A=B\": \"\"}}", "a variable's name"),
            ("{\"setup\": []}", "expected a string"),
            ("{\"venv\": \"none\", \"venv\": \"auto\"}", "duplicate field `venv`"),
            ("{\"venv\": \"none\",\n}", "paude.json:2:1: trailing comma"),
            ("[]", "paude.json:1:0: invalid type: sequence, expected an object with settings"),
            ("[null, \"none\"]", "expected an object with settings"),
            (
                "[null, \"none\", 0, null, null, null, null, null, null, [], null, 0, 0, 0, 0]",
                "expected an object",
            ),
            ("", "paude.json:1:0: EOF"),
        ];
        for (text, wanted) in cases {
            let said = fault(text);
            assert!(said.contains(wanted), "{text}: {said}");
        }
    }

    #[test]
    fn a_project_grants_itself_nothing_that_a_person_may() {
        for text in [
            "{\"engine\": \"native\"}",
            "{\"engine_args\": [\"--privileged\"]}",
            "{\"user\": \"0\"}",
            "{\"policy_timeout\": 9}",
        ] {
            assert!(fault(text).contains("a project may not set this"), "{text}");
            assert!(parse::<Person>("config.json", Some(text.into())).is_ok(), "{text}");
        }
    }

    #[test]
    fn keys_of_the_original_program_are_named_and_ignored() {
        let text =
            "{\"base\": \"debian\", \"packages\": [], \"pip_install\": true, \"create\": {}}";
        let (file, warnings) = parse::<Repository>("paude.json", Some(text.into())).unwrap();
        assert_eq!(file.image.unwrap().as_ref(), "debian");
        assert_eq!(warnings.len(), 3);
        assert!(warnings[0].contains("`packages`"));
    }

    #[test]
    fn ten_thousand_levels_are_refused_and_cost_no_stack() {
        let deep = "[".repeat(10_000);
        assert!(fault(&format!("{{\"venv\": {deep}")).contains("expected a string"));
        assert!(fault(&format!("{{\"setup\": {deep}")).contains("expected a string"));
        // A key that is ignored is passed over without recursion.
        assert!(fault(&format!("{{\"packages\": {deep}")).contains("EOF"));
    }
}
