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
        create(file).and_then(|mut file| file.write_all(policy::builtin()))
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

fn create(file: &Path) -> io::Result<std::fs::File> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the person named this file, and it is a new one"
    )]
    std::fs::OpenOptions::new().write(true).create_new(true).open(file)
}
