//! `cargo xtask setup`: what `test` does before the tests, by itself.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::place::Place;
use crate::prepare;
use crate::process::{self, say};

/// The environment variable that tells the tests where their set-up is described.
pub(crate) const VARIABLE: &str = "PAUDE_TEST_SETUP";

/// What `cargo xtask setup` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run this with PAUDE_TEST_SETUP set and the engines up; its exit code is ours
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// Prepares; then runs the command, if there is one, while the engines are up.
pub(crate) fn run(place: &Place, args: &Args) -> Result<u8> {
    let ready = prepare::prepare(place, false)?;
    let Some((program, rest)) = args.command.split_first() else {
        say(format!("described in {}", ready.file.display()));
        return Ok(0);
    };
    process::exit_code(Command::new(program).args(rest).env(VARIABLE, &ready.file))
}
