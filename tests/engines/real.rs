//! The real engines. `cargo xtask test` prepares a lane for each: an engine with the user who
//! runs it. It describes them in a file that `PAUDE_TEST_SETUP` names.
//!
//! - `isolation`: host and container each keep a working environment, and without paude they
//!   do not
//! - `layouts`: environments in other places and of other shapes than `.venv` in the root
//! - `shadow`: what the empty directories are like, and where they lie
//! - `process`: setup, command, environment, exit codes, stdin
//! - `sessions`: commands that join a session
//! - `up`: sessions that stay
//! - `kills`: parts of a session that are killed, and commands that join while it ends
//! - `signals`: what ends a run, and that nothing stays behind
//! - `names`: names that a shell, an option list or a terminal would take for syntax
//! - `terminal`: a person at a terminal
//! - `guard`: what takes a shadow away, and images without a shell
//! - `verify`: `paude verify` and `--receipt` with real containers
//! - `build`: images that are built from the project
//! - `volumes`: environments that outlive their container
//! - `with_directory`: directories that are shared besides the project
//! - `git`: git in a worktree and in a submodule
//! - `network`: a container without a network
//! - `package_managers`: the policy `node` with npm, yarn, pnpm and bun
//! - `project_python`: the Python that a project means, and who one is in the container
//! - `devcontainer`: `--devcontainer` in real containers
//! - `export`: the files of `paude export` in the tools that they are for
//! - `faults`: what is killed, deleted, full or forbidden, and many runs at once

mod build;
mod devcontainer;
mod ecosystems;
mod export;
mod faults;
mod git;
mod guard;
mod isolation;
mod kills;
mod lane;
mod layouts;
mod names;
mod network;
mod package_managers;
mod process;
mod project_python;
#[expect(clippy::zombie_processes, reason = "a test that returns early has failed")]
mod sessions;
mod shadow;
mod signals;
mod terminal;
mod up;
mod verify;
mod volumes;
mod with_directory;

use libtest_mimic::Trial;

use lane::Lane;

use crate::support::Outcome;

/// A test that every lane runs.
type Test = fn(&Lane) -> Outcome;

/// Every test on every lane.
pub fn trials() -> Vec<Trial> {
    let modules = [
        ("ecosystems", ecosystems::TESTS),
        ("isolation", isolation::TESTS),
        ("layouts", layouts::TESTS),
        ("shadow", shadow::TESTS),
        ("process", process::TESTS),
        ("sessions", sessions::TESTS),
        ("up", up::TESTS),
        ("kills", kills::TESTS),
        ("signals", signals::TESTS),
        ("names", names::TESTS),
        ("terminal", terminal::TESTS),
        ("build", build::TESTS),
        ("devcontainer", devcontainer::TESTS),
        ("faults", faults::TESTS),
        ("guard", guard::TESTS),
        ("verify", verify::TESTS),
        ("volumes", volumes::TESTS),
        ("with_directory", with_directory::TESTS),
        ("git", git::TESTS),
        ("network", network::TESTS),
        ("project_python", project_python::TESTS),
    ];
    let mut trials = Vec::new();
    for lane in Lane::all() {
        let of_docker = (lane.name == "docker").then_some(("shadow", shadow::OF_DOCKER));
        for (module, tests) in modules.into_iter().chain(of_docker) {
            for &(name, test) in tests {
                let name = format!("engines::{}::{module}::{name}", lane.name);
                trials.push(trial(lane.clone(), name, test));
            }
        }
        if lane.name == "native" {
            let lane = lane.with_tool("node_tools");
            for &(name, test) in package_managers::TESTS {
                let name = format!("engines::{}::package_managers::{name}", lane.name);
                trials.push(trial(lane.clone(), name, test));
            }
        }
        for (name, test, with_tool) in export::tests(&lane) {
            let name = format!("engines::{}::export::{name}", lane.name);
            trials.push(trial(with_tool, name, test));
        }
        for (name, test, with_tool) in build::pull::tests(&lane) {
            let name = format!("engines::{}::{name}", lane.name);
            trials.push(trial(with_tool, name, test));
        }
        if lane.name == "podman" {
            for &(name, test) in with_directory::OF_CRUN {
                let name = format!("engines::{}::with_directory::{name}", lane.name);
                trials.push(trial(lane.with_runtime("crun"), name, test));
            }
        }
    }
    trials
}

/// Ignored where the lane is not available; with `CI` set, that is a failure instead, unless the lane
/// is optional.
fn trial(lane: Lane, name: String, test: Test) -> Trial {
    let missing = lane.why.is_some();
    let fails = std::env::var_os("CI").is_some() && !lane.is_optional;
    Trial::test(name, move || match &lane.why {
        Some(why) => Err(format!("it needs what is not here: {why}").into()),
        None => test(&lane),
    })
    .with_ignored_flag(missing && !fails)
}
