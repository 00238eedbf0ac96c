//! The script that is the container's first process, with its arguments in it.
//!
//! In one text they pass through one quoting, the shell's: other tools expand `$(NAME)` in
//! arguments, or drop empty ones.

use std::ffi::OsString;

use super::ExportInput;
use super::texts::Texts;
use crate::error::{Error, Result};
use crate::render::{GuardKind, ScriptArgs, replacing_script, script_args};

/// The command that the script ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScriptCommand {
    /// The arguments of the script.
    OfArguments,
    /// These words; none for a shell.
    Words(Vec<String>),
}

/// The script, for a container in which the shadows that are not kept are of this kind; it ends with
/// a newline.
pub(super) fn script(
    input: &ExportInput<'_>,
    texts: Texts,
    kind: GuardKind,
    command: &ScriptCommand,
) -> Result<String> {
    for part in input.plan.parts() {
        texts.path(part.target().as_path())?;
    }
    for shadow in input.plan.all_shadows() {
        texts.path(shadow.target().as_path())?;
    }
    let ScriptArgs { settings, paths } =
        script_args(input.plan, &input.spec, input.plan.kept_shadows().count(), kind);
    let line = |words: &Vec<OsString>| {
        let words = words.iter().map(|word| texts.utf8(word, "a path").map(quote));
        Ok::<_, Error>(words.collect::<Result<Vec<_>>>()?.join(" "))
    };
    let mut text = format!("set -- {}", line(&settings)?);
    for path in &paths {
        text += &format!(" \\\n  {}", line(path)?);
    }
    match command {
        ScriptCommand::OfArguments => text += " \"$@\"",
        ScriptCommand::Words(words) if words.is_empty() => {}
        ScriptCommand::Words(words) => {
            let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
            text += &format!(" \\\n  {}", words.join(" "));
        }
    }
    Ok(format!("{text}\n{}", replacing_script()))
}

/// Quotes a word for a POSIX shell.
fn quote(word: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"%+,-./:@_".contains(&b);
    match !word.is_empty() && word.bytes().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
