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
        let mut all = modules.map(|(module, tests)| (module, tests, lane.clone())).to_vec();
        if lane.name == "docker" {
            all.push(("shadow", shadow::OF_DOCKER, lane.clone()));
        }
        if lane.name == "native" {
            all.push(("package_managers", package_managers::TESTS, lane.with_tool("node_tools")));
        }
        if lane.name == "podman" {
            all.push(("with_directory", with_directory::OF_CRUN, lane.with_runtime("crun")));
        }
        if build::pull::runs_on(&lane) {
            all.push(("build::pull", build::PULL, lane.with_tool("docker_registry")));
        }
        for (module, tests, lane) in all {
            for &(name, test) in tests {
                let name = format!("engines::{}::{module}::{name}", lane.name);
                trials.push(trial(lane.clone(), name, test));
            }
        }
        for (name, test, with_tool) in export::tests(&lane) {
            let name = format!("engines::{}::export::{name}", lane.name);
            trials.push(trial(with_tool, name, test));
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
