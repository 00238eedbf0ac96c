//! The real engines. `cargo xtask test` prepares one lane for each and describes
//! them in a file that `PAUDE_TEST_SETUP` names.
//!
//! - `seed`: host and container each keep a working environment, and the hazard
//!   that paude exists for is real
//! - `shadow`: what the empty directories are like, and where they lie
//! - `process`: setup, command, environment, exit codes, stdin
//! - `signals`: what ends a run, and that nothing stays behind
//! - `names`: names that something on the way would take for syntax
//! - `terminal`: a person at a terminal
//! - `guard`: what takes a shadow away, and images without a shell
//! - `verify`: the list, and the receipt, with real containers
//! - `volumes`: environments that outlive their container
//! - `faults`: what is killed, deleted, full or shut, and many runs at once

mod faults;
mod guard;
mod lane;
mod names;
mod process;
mod seed;
mod shadow;
mod signals;
mod terminal;
mod verify;
mod volumes;

use libtest_mimic::Trial;

use lane::Lane;

use crate::support::Outcome;

/// A named list of test functions that take a lane.
macro_rules! on_each_lane {
    ($($test:ident),* $(,)?) => {
        [$((stringify!($test), $test as $crate::engines::Test)),*]
    };
}
use on_each_lane;

/// A test that every lane runs.
type Test = fn(&Lane) -> Outcome;

/// Every test on every lane.
pub fn trials() -> Vec<Trial> {
    let modules: &[(&str, &[(&str, Test)])] = &[
        ("seed", &seed::TESTS),
        ("shadow", &shadow::TESTS),
        ("process", &process::TESTS),
        ("signals", &signals::TESTS),
        ("names", &names::TESTS),
        ("terminal", &terminal::TESTS),
        ("faults", &faults::TESTS),
        ("guard", &guard::TESTS),
        ("verify", &verify::TESTS),
        ("volumes", &volumes::TESTS),
    ];
    let mut trials = Vec::new();
    for lane in Lane::all() {
        let own = ("shadow", &shadow::OF_DOCKER[..]);
        let own = (lane.name == "docker").then_some(&own);
        for (module, tests) in modules.iter().chain(own) {
            for &(name, test) in *tests {
                trials.push(trial(
                    lane.clone(),
                    format!("engines::{}::{module}::{name}", lane.name),
                    test,
                ));
            }
        }
    }
    trials
}

/// Ignored where the lane cannot be had; under CI that is a failure instead.
fn trial(lane: Lane, name: String, test: Test) -> Trial {
    let missing = lane.why.clone();
    let in_ci = std::env::var_os("CI").is_some();
    Trial::test(name, move || match &lane.why {
        Some(why) => Err(format!("this engine is needed: {why}").into()),
        None => test(&lane),
    })
    .with_ignored_flag(missing.is_some() && !in_ci)
}
