//! Writing to standard output.

use std::io::{self, ErrorKind, Write as _};

use crate::error::{Error, Exit, Result};

/// Writes the text to standard output. A closed pipe is no error: its reader has read enough.
pub(super) fn print(text: &str) -> Result<Exit> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("cannot write to stdout: {error}")).caused_by(error))
        }
        _ => Ok(Exit::Ok),
    }
}
