//! `paude schema`, `paude completions` and `paude man`: what paude prints about itself.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use super::print::print;
use crate::cli::Cli;
use crate::config;
use crate::error::{Error, Exit, Result};
use crate::escape::shown_path;

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
    let (_, page) = manual(Cli::command())
        .map_err(|error| Error::failed(format!("cannot write the manual page: {error}")))?;
    print(&page)
}

/// Writes the manual pages of paude and of each subcommand into a directory, which is created.
pub(super) fn write_manuals(dir: &Path) -> Result<Exit> {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Gives the subcommands the names of their pages.
    command.build();
    #[expect(clippy::disallowed_methods, reason = "the user named this directory")]
    std::fs::create_dir_all(dir).and_then(|()| write_manual(command, dir)).map_err(|error| {
        let shown = shown_path(dir);
        Error::failed(format!("cannot write the manual pages to `{shown}`: {error}"))
    })?;
    Ok(Exit::Ok)
}

fn write_manual(command: Command, dir: &Path) -> io::Result<()> {
    for subcommand in command.get_subcommands() {
        write_manual(subcommand.clone(), dir)?;
    }
    let (name, page) = manual(command)?;
    #[expect(clippy::disallowed_methods, reason = "the user named this directory")]
    std::fs::write(dir.join(name), page)
}

/// The name of a manual page's file, and the page.
fn manual(command: Command) -> io::Result<(String, String)> {
    let mut page = Vec::new();
    let source = concat!("paude ", env!("CARGO_PKG_VERSION"));
    let manual = clap_mangen::Man::new(command).source(source);
    manual.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    // What follows the options are examples, which clap does not know.
    let page = page.replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n");
    Ok((manual.get_filename(), page))
}
