//! The integration suite: one binary, one module for each question it answers.
//!
//! - `authors`: the page for those who write policies
//! - `cache`: compiled policies are kept, and nobody else can put code there
//! - `cases`: a folder of golden cases; drop one in, and it is a test
//! - `check`: what is said of a policy that cannot be used
//! - `cli`: what is typed, what is said, and the exit codes
//! - `doctor`: what is wrong with a machine is told, with what to do
//! - `engines`: the real ones, one lane each; ignored where an engine is missing,
//!   failing there when `CI` is set
//! - `faults`: what goes wrong around a run, with engines that fail on demand
//! - `guard`: the check in the container, in each shell that an image may have
//! - `hosts`: the built-in policy in other WASI hosts, with the answers it gives here
//! - `hostile`: policies and repositories that mean harm
//! - `layers`: who may import whom in `host/src`
//! - `policies`: policies in other languages agree with the built-in one
//! - `readme`: every block and table of the README holds
//! - `receipt`: what became of the host's environments is told, and nothing else
//! - `several`: policies side by side, and held to their content
//! - `verify`: the list tells which step failed and why; see also `engines::verify`
//! - `several`: policies side by side, and held to their content
//!
//! Tests are hermetic: each has its own home, and a cleared environment.
#![expect(clippy::disallowed_methods, reason = "tests arrange files and start programs themselves")]
#![expect(unreachable_pub, reason = "one binary; its modules are as public as they look")]

mod authors;
mod cache;
mod cases;
mod check;
mod cli;
mod doctor;
mod engines;
mod faults;
mod guard;
mod hostile;
mod hosts;
mod layers;
mod policies;
mod readme;
mod receipt;
mod several;
mod support;
mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    heed_signals();
    let arguments = libtest_mimic::Arguments::from_args();
    let mut trials = Vec::new();
    trials.extend(authors::trials());
    trials.extend(cache::trials());
    trials.extend(cases::trials());
    trials.extend(check::trials());
    trials.extend(cli::trials());
    trials.extend(doctor::trials());
    trials.extend(engines::trials());
    trials.extend(faults::trials());
    trials.extend(guard::trials());
    trials.extend(hosts::trials());
    trials.extend(hostile::trials());
    trials.extend(layers::trials());
    trials.extend(policies::trials());
    trials.extend(readme::trials());
    trials.extend(receipt::trials());
    trials.extend(several::trials());
    trials.extend(verify::trials());
    let conclusion = libtest_mimic::run(&arguments, trials);
    support::clean_up();
    conclusion.exit_code()
}

/// What was ignored when the tests were started, as by `nohup`, would be ignored in all that
/// they start.
fn heed_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let ending = std::sync::Arc::new(true.into());
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        let ending = std::sync::Arc::clone(&ending);
        signal_hook::flag::register_conditional_default(signal, ending).unwrap();
    }
}
