//! `cargo xtask setup`: the preparation that `test` does before the tests, on its own.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::boxes::{self, EnginesOption};
use crate::checkout::Checkout;
use crate::prepare;
use crate::process::{self, report};

/// The environment variable that names the description of the set-up for the tests.
pub(crate) const VARIABLE: &str = "PAUDE_TEST_SETUP";

/// Arguments of `cargo xtask setup`.
#[derive(clap::Args)]
pub(crate) struct SetupArgs {
    #[command(flatten)]
    boxes: EnginesOption,
    /// Run this with PAUDE_TEST_SETUP set and the engines up, and exit with its code; with `--engines`, in each box
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// Prepares the machine, then runs the command, if there is one, while the engines are up.
pub(crate) fn run(checkout: &Checkout, args: &SetupArgs) -> Result<u8> {
    let prepared = prepare::prepare(checkout, false)?;
    let boxes = boxes::prepare_all(checkout, &args.boxes.engines, true)?;
    for engine_box in &boxes {
        let code = engine_box.run(checkout, &args.command)?;
        if code != 0 {
            return Ok(code);
        }
    }
    if !args.boxes.engines.is_empty() {
        return Ok(0);
    }
    let Some((program, rest)) = args.command.split_first() else {
        report(format!("described in {}", prepared.file.display()));
        return Ok(0);
    };
    process::run(Command::new(program).args(rest).env(VARIABLE, &prepared.file))
}
