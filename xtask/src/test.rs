//! `cargo xtask test`: prepare, then all tests.

use std::ffi::OsString;

use anyhow::Result;

use crate::place::Place;
use crate::prepare;
use crate::process::{self, say};
use crate::{lint, setup};

/// What `cargo xtask test` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also what takes long: builds the `wasmtime` command line (twenty minutes, once)
    #[arg(long)]
    full: bool,
    /// Handed to the test binaries, as after `cargo test --`
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// Under CI lints come first, so that a slip of formatting fails at once. The exit code is the one of `cargo test`.
pub(crate) fn run(place: &Place, args: &Args) -> Result<u8> {
    if std::env::var_os("CI").is_some() {
        prepare::target::ensure()?;
        let code = lint::run(place)?;
        if code != 0 {
            return Ok(code);
        }
    }
    let ready = prepare::prepare(place, args.full)?;
    let mut tests = process::cargo(&place.root);
    tests.args(["test", "--workspace"]);
    if !args.args.is_empty() {
        tests.arg("--").args(&args.args);
    }
    say(format!("{}={} {}", setup::VARIABLE, ready.file.display(), process::show(&tests)));
    process::exit_code(tests.env(setup::VARIABLE, &ready.file))
}
