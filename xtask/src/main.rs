//! `cargo xtask`: the set-up and the chores of paude.
//!
//! One subcommand is one variant here and one file beside this one. [`prepare`] is what `test` and `setup` share: it
//! brings the machine as far as it may towards what the tests need, says what it did, and never gives up over an engine
//! that cannot be had here.

mod bench;
mod check_macos;
mod demo;
mod guest;
mod lint;
mod place;
mod prepare;
mod process;
mod setup;
mod snapshot;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::place::Place;

/// Set-up and chores of paude.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build paude and watch it do its main job on a sample project
    Demo,
    /// Install or build what the tests need, then run all of them
    Test(test::Args),
    /// Install or build what the tests need; with a command, run it there
    Setup(setup::Args),
    /// Build the built-in policy, and write the component to a file
    Guest(guest::Args),
    /// Formatting and clippy, warnings as errors
    Lint,
    /// Measure what paude costs against what it is compared with, and draw it
    Bench,
    /// Type-check paude for macOS, from any machine
    CheckMacos,
}

fn main() -> ExitCode {
    let place = Place::find();
    let done: Result<u8> = match Cli::parse().chore {
        Chore::Demo => demo::run(&place),
        Chore::Test(args) => test::run(&place, &args),
        Chore::Setup(args) => setup::run(&place, &args),
        Chore::Guest(args) => guest::run(&place, &args),
        Chore::Lint => lint::run(&place),
        Chore::Bench => bench::run(&place),
        Chore::CheckMacos => check_macos::run(&place),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
