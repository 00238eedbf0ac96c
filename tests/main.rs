//! The integration suite: one binary, one module for each subject.
//!
//! - `cases`: golden files; a folder dropped in is a test
//! - `cli`: arguments, messages and exit codes
//! - `devcontainer`: `--devcontainer`, also compared with the reference implementation
//! - `doctor`: what `paude doctor` reports about a machine, with advice
//! - `engines`: `real`, one lane each, ignored where an engine is missing and failing there when
//!   `CI` is set; `fake`, which fail on demand
//! - `exports`: the files that `paude export` writes for other tools
//! - `guard`: the check in the container, in each shell that an image may have
//! - `hosts`: the built-in policy in other WASI hosts returns what it returns in paude
//! - `hostile`: policies and repositories that attack the host
//! - `init`: the `paude.json` that `paude init` writes, and that it runs
//! - `layers`: which module of `host/src` may import which
//! - `policy`: policies other than the built-in one: written, checked, kept, and several together
//! - `readme`: every block and table of the README holds
//! - `receipt`: what `--receipt` records about the host's environments
//! - `registry`: policies that `paude policy pull` fetches, and what becomes of them
//! - `verify`: `paude verify` names the step that failed and why
//!
//! Tests are hermetic: each has its own home, and a cleared environment.
#![expect(clippy::disallowed_methods, reason = "tests write files and start programs directly")]
#![expect(unreachable_pub, reason = "one binary: `pub` marks what other modules of it use")]

mod cases;
mod cli;
mod devcontainer;
mod doctor;
mod engines;
mod exports;
mod guard;
mod hostile;
mod hosts;
mod init;
mod layers;
mod policy;
mod readme;
mod receipt;
mod registry;
mod support;
mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    restore_signals();
    let arguments = libtest_mimic::Arguments::from_args();
    let trials = [
        cases::trials,
        cli::trials,
        devcontainer::trials,
        devcontainer::reference::trials,
        doctor::trials,
        engines::trials,
        exports::trials,
        guard::trials,
        hostile::trials,
        hosts::trials,
        init::trials,
        layers::trials,
        policy::trials,
        readme::trials,
        receipt::trials,
        receipt::bounds::trials,
        registry::trials,
        verify::trials,
    ];
    let trials = trials.into_iter().flat_map(|trials| trials()).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    support::clean_up();
    conclusion.exit_code()
}

/// Lets signals end the suite, and with it the programs it starts: they inherit which signals
/// are ignored, as `nohup` ignores SIGHUP.
fn restore_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let always = std::sync::Arc::new(true.into());
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        let always = std::sync::Arc::clone(&always);
        signal_hook::flag::register_conditional_default(signal, always).unwrap();
    }
}
