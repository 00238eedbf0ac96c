//! `paude policy export`.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use crate::error::{Error, Exit, Result};
use crate::escape::shown_path;
use crate::policy;

/// Writes the built-in component to a new file, or to standard output for `-`.
pub(super) fn execute(file: &Path) -> Result<Exit> {
    let written = if file.as_os_str() == "-" {
        let mut stdout = io::stdout().lock();
        // A closed pipe is an error here: part of a component is of no use.
        stdout.write_all(policy::builtin()).and_then(|()| stdout.flush())
    } else {
        write_new(file)
    };
    written.map(|()| Exit::Ok).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", shown_path(file));
        match error.kind() {
            ErrorKind::AlreadyExists => Error::usage(message)
                .hint("existing files are not overwritten; name a file that does not exist yet"),
            _ => Error::failed(message),
        }
    })
}

/// Removes the file again if writing fails, so that a second attempt is possible.
#[expect(clippy::disallowed_methods, reason = "the user named this file, and it is a new one")]
fn write_new(path: &Path) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(policy::builtin());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}
