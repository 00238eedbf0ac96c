//! The inner parts of a run, each by itself; whole processes are measured by
//! `cargo xtask bench`.
#![expect(clippy::disallowed_methods, reason = "benchmarks arrange files themselves")]

use std::fs;
use std::path::Path;

use clap::Parser as _;
use divan::Bencher;
use paude::cli::Cli;
use paude::config::Config;
use paude::engine::Chosen;
use paude::fingerprint::Fingerprint;
use paude::plan::Plan;
use paude::policy;
use paude::render::{self, Engine, Job};
use paude::workspace::Workspace;
use tempfile::TempDir;

const SHADOWS: [usize; 3] = [1, 10, 100];

fn main() {
    divan::main();
}

/// A project with so many environments, and what is asked of it.
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

    fn ask(&self) -> policy::Answer {
        policy::propose(&self.config, &self.workspace, true).unwrap()
    }

    fn plan(&self) -> Plan {
        Plan::check(&self.ask().raw, &self.workspace, &self.config).unwrap()
    }
}

/// Loading the built-in policy, starting it, and its two answers.
#[divan::bench(args = SHADOWS)]
fn detect(bencher: Bencher<'_, '_>, shadows: usize) {
    let project = Project::new(shadows);
    bencher.bench(|| project.ask());
}

#[divan::bench(args = SHADOWS)]
fn check(bencher: Bencher<'_, '_>, shadows: usize) {
    let project = Project::new(shadows);
    let answer = project.ask();
    bencher.bench(|| Plan::check(&answer.raw, &project.workspace, &project.config).unwrap());
}

#[divan::bench(args = SHADOWS)]
fn render(bencher: Bencher<'_, '_>, shadows: usize) {
    let project = Project::new(shadows);
    let plan = project.plan();
    let job = Job::new(&project.config, &plan, &Chosen::assumed(Engine::Docker), &[]).unwrap();
    bencher.bench(|| render::renderer(Engine::Docker).render(&plan, &job).unwrap());
}

/// An environment of so many files.
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
    bencher.bench(|| Fingerprint::take(open(dir.path())).unwrap());
}

fn open(path: &Path) -> cap_std::fs::Dir {
    cap_std::fs::Dir::open_ambient_dir(path, cap_std::ambient_authority()).unwrap()
}
