//! The hidden task `box`: what this program does in a box.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use super::Suite;
use crate::checkout::Checkout;
use crate::prepare::for_box;
use crate::process;
use crate::setup;

/// Arguments of the hidden task `box`.
#[derive(clap::Args)]
pub(crate) struct BoxArgs {
    suite: Suite,
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// Prepares the engines of this box, then runs the command, if there is one, while they are up.
pub(crate) fn run(checkout: &Checkout, args: &BoxArgs) -> Result<u8> {
    let own = args.suite.checkout(checkout);
    let prepared = for_box::prepare(checkout, &own, args.suite.name())?;
    let Some((program, rest)) = args.command.split_first() else {
        return Ok(0);
    };
    process::run(Command::new(program).args(rest).env(setup::VARIABLE, &prepared.file))
}
