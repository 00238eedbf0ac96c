//! Texts that a format can represent.

use std::ffi::OsStr;
use std::path::Path;

use crate::cli::ExportFormat;
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};

/// The most bytes of a script that is an argument: Linux allows 128 KiB with the NUL (execve(2)).
const MAX_ARGUMENT: usize = (128 << 10) - 1;

/// The checks that all formats share, with the format's name for their errors.
#[derive(Clone, Copy)]
pub(super) struct Texts {
    pub(super) format: ExportFormat,
}

impl Texts {
    /// An error about a part that the format cannot represent, and why.
    pub(super) fn refuse(self, what: &str, reason: &str) -> Error {
        Error::failed(format!("{} cannot represent {what}: {reason}", self.format))
    }

    /// A path as text: UTF-8 without control characters.
    pub(super) fn path(self, path: &Path) -> Result<&str> {
        let what = format!("the path `{}`", shown_path(path));
        let text = self.utf8(path.as_os_str(), &what)?;
        match text.chars().any(char::is_control) {
            true => Err(self
                .refuse(&what, "it has a control character")
                .hint("rename it, or try another format")),
            false => Ok(text),
        }
    }

    /// A text that may be of any bytes, if it is UTF-8.
    pub(super) fn utf8<'t>(self, text: &'t OsStr, what: &str) -> Result<&'t str> {
        std::str::from_utf8(text.as_encoded_bytes()).map_err(|error| {
            let byte = text.as_encoded_bytes()[error.valid_up_to()];
            self.refuse(what, &format!("it contains the byte 0x{byte:02x}, which is not UTF-8"))
        })
    }

    /// The arguments of the command.
    pub(super) fn command(self, command: &[std::ffi::OsString]) -> Result<Vec<String>> {
        let word = |word: &std::ffi::OsString| {
            let what = format!("the argument `{}`", shown(&word.to_string_lossy()));
            self.utf8(word, &what).map(str::to_owned)
        };
        command.iter().map(word).collect()
    }

    /// Fails if a script is too long to be an argument of a program.
    pub(super) fn argument(self, script: String) -> Result<String> {
        match script.len() > MAX_ARGUMENT {
            true => Err(self
                .refuse(
                    "a script with this setup and these paths",
                    &format!("it is longer than {MAX_ARGUMENT} bytes"),
                )
                .hint("put the setup into a file of the project")),
            false => Ok(script),
        }
    }

    /// Fails if there are engine arguments, for a format that no engine's command line is part of.
    pub(super) fn no_engine_args(self, arguments: &[String]) -> Result<()> {
        match arguments.first() {
            None => Ok(()),
            Some(argument) => Err(self
                .refuse(
                    &format!("the engine argument `{}`", shown(argument)),
                    "it has no place for arguments of an engine",
                )
                .hint("leave it out, and add to the file what it stands for")),
        }
    }
}
