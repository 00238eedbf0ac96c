//! `cargo xtask`: set-up and maintenance tasks of paude.
//!
//! Each subcommand is one variant of [`Task`] and one file beside this one. [`prepare`] is shared by `test`, `setup` and
//! `bench`: it installs or builds what they need, reports what it did, and continues without an engine that this machine
//! cannot have.

mod bench;
mod boxes;
mod check_macos;
mod checkout;
mod demo;
mod dist;
mod docs;
mod files;
mod guest;
mod libraries;
mod lint;
mod package;
mod prepare;
mod process;
mod setup;
mod snapshot;
mod target;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::checkout::Checkout;

/// Set-up and maintenance tasks of paude.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build paude and run it on a sample project, step by step
    Demo,
    /// Install or build what the tests need, then run all of them
    Test(test::TestArgs),
    /// Install or build what the tests need; with a command, run it with the engines up
    Setup(setup::SetupArgs),
    /// Build the built-in policy and write the component to a file
    Guest(guest::GuestArgs),
    /// Make packages of the built-in policies for programs in Python and for Node, in target/libraries
    Libraries,
    /// Make the package for the registry of crates, check it and build paude from it
    Package,
    /// Make everything that a release consists of, in target/dist, and try it out
    Dist(dist::DistArgs),
    /// Make a site of the pages, in target/docs/site, and check its links
    Docs,
    /// Check formatting, clippy, documentation, dependencies and the fuzz targets
    Lint(lint::LintArgs),
    /// Measure paude against baselines of the same run and draw the results
    Bench,
    /// Type-check paude for macOS from any machine
    CheckMacos,
    /// Prepare the engines of the box that this process is in
    #[command(hide = true)]
    Box(boxes::inside::BoxArgs),
}

fn main() -> ExitCode {
    let checkout = Checkout::find();
    let outcome: Result<u8> = match Cli::parse().task {
        Task::Demo => demo::run(&checkout),
        Task::Test(args) => test::run(&checkout, &args),
        Task::Setup(args) => setup::run(&checkout, &args),
        Task::Guest(args) => guest::run(&checkout, &args),
        Task::Libraries => libraries::run(&checkout),
        Task::Package => package::run(&checkout),
        Task::Dist(args) => dist::run(&checkout, &args),
        Task::Docs => docs::run(&checkout),
        Task::Lint(args) => lint::run(&checkout, &args),
        Task::Bench => bench::run(&checkout),
        Task::CheckMacos => check_macos::run(&checkout),
        Task::Box(args) => boxes::inside::run(&checkout, &args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
