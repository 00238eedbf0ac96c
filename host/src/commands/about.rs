//! `paude schema`, `paude completions` and `paude man`: what paude prints about itself.

use clap::CommandFactory as _;

use super::print::print;
use crate::cli::Cli;
use crate::config;
use crate::error::{Error, Exit, Result};

/// Prints the JSON Schema of `paude.json`.
pub(super) fn print_schema() -> Result<Exit> {
    let schema = serde_json::to_string_pretty(&config::schema())
        .map_err(|error| Error::failed(format!("cannot write the schema: {error}")))?;
    print(&format!("{schema}\n"))
}

/// Prints a completion script.
pub(super) fn print_completions(shell: clap_complete::Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "paude", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the manual page, in roff.
pub(super) fn print_manual() -> Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Error::failed(format!("cannot write the manual page: {error}")))?;
    print(&String::from_utf8_lossy(&page))
}
