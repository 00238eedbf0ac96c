//! What paude prints about itself.

use std::io::Write as _;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::config;
use crate::error::{Error, Exit, Result};

/// `paude schema`.
pub(super) fn schema() -> Result<Exit> {
    let text = serde_json::to_string_pretty(&config::schema())
        .map_err(|error| Error::failed(format!("cannot write the schema: {error}")))?;
    print(format!("{text}\n").as_bytes())
}

/// `paude completions`.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "paude", &mut script);
    print(&script)
}

/// `paude man`.
pub(super) fn man() -> Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Error::failed(format!("cannot write the manual page: {error}")))?;
    print(&page)
}

/// Writes to stdout. Whoever stops reading has read enough: a closed pipe is no error.
pub(super) fn print(bytes: &[u8]) -> Result<Exit> {
    let mut stdout = std::io::stdout();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(Exit::Ok),
    }
}
