//! Benchmarks of the stages of a run. `cargo xtask bench` measures whole processes.
#![expect(clippy::disallowed_methods, reason = "benchmarks create their own files")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Parser as _;
use divan::Bencher;
use paude::cli::Cli;
use paude::config::Config;
use paude::deadline::Deadline;
use paude::engine::{ChosenEngine, Engine};
use paude::fingerprint::Fingerprint;
use paude::plan::Plan;
use paude::policy::{self, PolicyResult};
use paude::render;
use paude::run_spec::RunSpec;
use paude::workspace::Workspace;
use tempfile::TempDir;

const SHADOWS: [usize; 3] = [1, 10, 100];

fn main() {
    divan::main();
}

/// A project with `environments` environments, and its configuration.
struct Project {
    _dir: TempDir,
    workspace: Workspace,
    config: Config,
}

impl Project {
    fn new(environments: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..environments {
            let venv = dir.path().join(format!("p{n}/.venv"));
            fs::create_dir_all(&venv).unwrap();
            fs::write(venv.join("pyvenv.cfg"), "version = 3.12.1\n").unwrap();
        }
        let workspace = Workspace::open(dir.path()).unwrap();
        let config = Config::load(&Cli::parse_from(["paude"]).run.project, &workspace).unwrap();
        Self { _dir: dir, workspace, config }
    }

    fn propose(&self) -> PolicyResult {
        policy::propose(&self.config, &self.workspace, true).unwrap()
    }

    fn plan(&self) -> Plan {
        let proposal = self.propose();
        Plan::check(&proposal.raw, &self.workspace, &self.config, proposal.deadline).unwrap()
    }
}

/// Loading and starting the built-in policy, and its two calls.
#[divan::bench(args = SHADOWS)]
fn propose(bencher: Bencher<'_, '_>, shadows: usize) {
    let project = Project::new(shadows);
    bencher.bench(|| project.propose());
}

#[divan::bench(args = SHADOWS)]
fn check(bencher: Bencher<'_, '_>, shadows: usize) {
    let project = Project::new(shadows);
    let result = project.propose();
    let deadline = Deadline::after(Duration::from_secs(3600));
    bencher
        .bench(|| Plan::check(&result.raw, &project.workspace, &project.config, deadline).unwrap());
}

#[divan::bench(args = SHADOWS)]
fn render(bencher: Bencher<'_, '_>, shadows: usize) {
    let project = Project::new(shadows);
    let plan = project.plan();
    let engine = ChosenEngine::assumed(Engine::Docker);
    let spec = RunSpec::new(&project.config, &project.workspace, &plan, &engine, &[]).unwrap();
    bencher.bench(|| render::render(&plan, &spec).unwrap());
}

/// An environment of `files` files.
#[divan::bench(args = [100, 20_000])]
fn fingerprint(bencher: Bencher<'_, '_>, files: usize) {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..files {
        let package = dir.path().join(format!("lib/p{}", n / 100));
        if n % 100 == 0 {
            fs::create_dir_all(&package).unwrap();
        }
        fs::write(package.join(format!("m{n}.py")), "").unwrap();
    }
    bencher.bench(|| Fingerprint::take(open_dir(dir.path())).unwrap());
}

fn open_dir(path: &Path) -> cap_std::fs::Dir {
    cap_std::fs::Dir::open_ambient_dir(path, cap_std::ambient_authority()).unwrap()
}
