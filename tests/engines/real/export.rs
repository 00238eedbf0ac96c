//! Files of `paude export`, carried out by the tools that they are for.
//!
//! - `compose`: `docker compose`, and podman-compose
//! - `devcontainer`: `@devcontainers/cli`
//! - `kube`: `podman kube play`
//! - `quadlet`: podman's generator of systemd units, without systemd
//! - `systemd`: the same units, started by systemd
//! - `ignore`: image builds

mod compose;
mod devcontainer;
mod ignore;
mod kube;
mod quadlet;
mod systemd;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Test;
use super::lane::Lane;
use crate::support::Env;
use crate::support::snapshot::{Snapshot, changes, snapshot};

/// Two environments with something in them that a copy would show.
const TREE: &str = ".venv/pyvenv.cfg: \"version = 3.11.2\\n\"\n.venv/bin/python\n\
                    packages/api/.venv/pyvenv.cfg\n\"a b/.venv/pyvenv.cfg\"";

/// What the command prints if each environment is empty but for what the setup made, writable
/// and executable. It ends with code 7.
const PROVEN: &str = "set=$(date +%%)$ setup kept\n.venv: empty executable\n\
                      packages/api/.venv: empty executable\na b/.venv: empty executable\n";

const SETUP: &str = "touch .venv/by-setup";

/// Reports into the project what the container sees.
const SCRIPT: &str = r#"
    report() { printf '%s' "$*"; }
    {
      [ -e .venv/by-setup ] && report "set=$ODD setup kept" && echo
      rm .venv/by-setup
      for dir in .venv packages/api/.venv "a b/.venv"; do
        report "$dir:"
        [ -z "$(ls -A "$dir")" ] && report " empty"
        cp /bin/true "$dir/t" && "$dir/t" && report " executable"
        echo
      done
    } >out.part
    mv out.part out
    exit 7"#;

/// The name of a module, its tests, and the tool that they need.
type Module = (&'static str, &'static [(&'static str, Test)], Option<&'static str>);

/// The releases of `docker compose`, each with the name of its tests.
const COMPOSE: [(&str, &str); 3] = [
    ("compose_bookworm", "compose-bookworm"),
    ("compose_trixie", "compose-trixie"),
    ("compose_sid", "compose-sid"),
];

/// The tests of a lane, each with the lane as it is for a test that needs a tool besides.
pub fn tests(lane: &Lane) -> Vec<(String, Test, Lane)> {
    let kube = ("kube", kube::TESTS, None);
    let quadlet = ("quadlet", quadlet::TESTS, Some("quadlet"));
    let ignore = ("ignore", ignore::TESTS, None);
    let podman_compose = ("compose", compose::PODMAN_COMPOSE, Some("podman-compose"));
    let compose = |tests| COMPOSE.map(|(module, tool)| (module, tests, Some(tool))).to_vec();
    let of_lane: Vec<Module> = match lane.name.as_str() {
        "docker" => {
            let buildkit = ("ignore", ignore::BUILDKIT, Some("buildx"));
            let devcontainer = ("devcontainer", devcontainer::TESTS, Some("devcontainer_cli"));
            [compose(compose::DOCKER_COMPOSE), vec![devcontainer, ignore, buildkit]].concat()
        }
        "docker-rootless" => vec![ignore],
        "podman" => {
            let systemd = ("systemd", systemd::TESTS, Some("systemd"));
            vec![kube, quadlet, systemd, ignore, podman_compose]
        }
        "podman-rootless" => vec![kube, quadlet, ignore, podman_compose],
        "podman-remote" => [compose(compose::PODMAN_SERVICE), vec![kube, quadlet, ignore]].concat(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for (module, tests, tool) in of_lane {
        let lane = tool.map_or_else(|| lane.clone(), |tool| lane.with_tool(tool));
        let named =
            |(name, test): &(&str, Test)| (format!("{module}::{name}"), *test, lane.clone());
        all.extend(tests.iter().map(named));
    }
    all
}

/// What a test exports and how the container that follows is watched.
struct Project<'l> {
    lane: &'l Lane,
    env: Env,
    before: Snapshot,
}

impl<'l> Project<'l> {
    fn new(lane: &'l Lane) -> Self {
        let env = lane.env_with(TREE);
        let before = snapshot(&env.project);
        Self { lane, env, before }
    }

    /// The text of an export with these arguments.
    fn export(&self, format: &str, more: &[&str]) -> String {
        let options = ["--image", self.lane.fact("image"), "-e", "ODD=$(date +%%)$"];
        let words = [&["export", format][..], &options, more].concat();
        self.env.paude(&words).code(0).stdout()
    }

    /// Writes an export beside the project, where the engine's user can read it.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.env.root().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        self.lane.give(&file);
        file
    }

    /// Fails unless the command proved everything, and nothing of the host changed.
    #[track_caller]
    fn assert_proven(&self) {
        let out = std::fs::read_to_string(self.env.project.join("out")).unwrap_or_default();
        assert_eq!(out, PROVEN);
        self.assert_unchanged(&["", "out"]);
        std::fs::remove_file(self.env.project.join("out")).unwrap();
    }

    /// Fails if anything but these entries of the project changed.
    #[track_caller]
    fn assert_unchanged(&self, but: &[&str]) {
        let mut changed = changes(&self.env.project, &self.before);
        changed.retain(|path| !but.iter().any(|but| path == Path::new(but)));
        assert!(changed.is_empty(), "{changed:#?}");
    }

    /// The path of the environment that tests take out of a file, as the check names it.
    fn first_environment(&self) -> String {
        self.env.project.join(".venv").display().to_string()
    }

    fn engine<A: AsRef<std::ffi::OsStr>>(&self, args: &[A]) -> Command {
        let mut command = self.env.command(&self.lane.engine);
        command.args(args).stdin(Stdio::null());
        command
    }
}

/// A text without so many lines from the first one on that begins like this.
fn without_lines(text: &str, start: &str, count: usize) -> String {
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    let first = lines.iter().position(|line| line.starts_with(start)).expect("the line");
    lines.drain(first..first + count);
    lines.concat()
}
