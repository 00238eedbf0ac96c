//! `paude policy export`.

use std::io::{self, Write as _};
use std::path::Path;

use crate::error::{Error, Exit, Result};
use crate::escape::shown_path;
use crate::policy;

/// Writes the component to a new file or to stdout.
pub(super) fn execute(file: &Path) -> Result<Exit> {
    let written = if file.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        // Half a component is worse than none: here a closed pipe is an error.
        out.write_all(policy::builtin()).and_then(|()| out.flush())
    } else {
        create(file)
    };
    written.map(|()| Exit::Ok).map_err(|error| {
        let text = format!("cannot write `{}`: {error}", shown_path(file));
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::usage(text).hint("nothing is overwritten; name a file that is not there yet")
            }
            _ => Error::failed(text),
        }
    })
}

/// Half a file would stand in the way of a second try.
#[expect(clippy::disallowed_methods, reason = "the person named this file, and it is a new one")]
fn create(path: &Path) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(policy::builtin());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}
