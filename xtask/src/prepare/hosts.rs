//! Other WASI hosts that run the built-in policy: what they are installed from stands beside the programs, in
//! `tests/hosts`. A host that cannot be had says why.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use super::kept::kept;
use super::wheels;
use crate::place::{self, Place};
use crate::process::{self, quietly, say, which};

/// The command line is built from source, which takes twenty minutes, unless it is there.
const CLI: &str = "wasmtime-cli@48.0.8";
/// An older one neither takes these arguments nor writes these answers.
const CLI_MAJOR: u32 = 48;
const NODE_MAJOR: u32 = 20;

/// One other host.
#[derive(Serialize)]
pub(crate) struct Host {
    name: &'static str,
    /// What runs the program of that name in `tests/hosts`.
    program: Option<PathBuf>,
    /// Where its packages are, if it has some.
    packages: Option<PathBuf>,
    /// Why there is no such host on this machine; null when there is.
    why: Option<String>,
}

/// All of them; `full` builds what takes long.
pub(crate) fn all(place: &Place, python: &Path, full: bool) -> Vec<Host> {
    let hosts = vec![
        host("python", self::python(place, python)),
        host("node", node(place)),
        host("wasmtime", cli(place, full)),
    ];
    say("other WASI hosts for the tests:");
    for host in &hosts {
        let state = host.why.as_ref().map(|why| format!("left out: {why}"));
        say(format!("  {:<16} {}", host.name, state.as_deref().unwrap_or("ready")));
    }
    hosts
}

fn host(name: &'static str, found: Result<(PathBuf, Option<PathBuf>)>) -> Host {
    match found {
        Ok((program, packages)) => Host { name, program: Some(program), packages, why: None },
        Err(error) => Host { name, program: None, packages: None, why: Some(format!("{error:#}")) },
    }
}

fn python(place: &Place, python: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let wanted = place.root.join("tests/hosts/python/requirements.txt");
    let text = fs::read_to_string(&wanted)?;
    let what = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let folder = kept(place, "host-python", &what, |part| {
        say(format!("fetching from PyPI: {what}"));
        let mut pip = Command::new(wheels::pip_python(place, python)?);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-compile", "--only-binary=:all:", "--root-user-action=ignore"]);
        quietly(pip.arg("--target").arg(part).arg("--requirement").arg(&wanted)).map(drop)
    })?;
    Ok((python.to_path_buf(), Some(folder)))
}

fn node(place: &Place) -> Result<(PathBuf, Option<PathBuf>)> {
    let (Some(node), Some(npm)) = (which("node"), which("npm")) else {
        bail!("node and npm are not installed here");
    };
    let said = quietly(Command::new(&node).arg("--version"))?;
    let major = major(said.trim_start_matches('v'));
    ensure!(major >= NODE_MAJOR, "node {said} is too old; it takes {NODE_MAJOR}");
    let wanted = place.root.join("tests/hosts/node/package.json");
    let recipe = format!("{:016x} {said}", place::hash(&fs::read_to_string(&wanted)?));
    let folder = kept(place, "host-node", &recipe, |part| {
        say("fetching from npm: what tests/hosts/node/package.json pins (105 MB)");
        place::make_dir(part)?;
        fs::copy(&wanted, part.join("package.json"))?;
        let mut install = Command::new(&npm);
        install.args([
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
        ]);
        quietly(install.current_dir(part)).map(drop)
    })?;
    Ok((node, Some(folder)))
}

/// One on PATH, else one that an earlier `--full` built, else with `full` a new one.
fn cli(place: &Place, full: bool) -> Result<(PathBuf, Option<PathBuf>)> {
    let root = place.at("host-wasmtime");
    let own = root.join("bin/wasmtime");
    let mut found = which("wasmtime");
    if found.is_none() && (full || own.exists()) {
        let folder = kept(place, "host-wasmtime", CLI, |part| {
            ensure!(full, "another version is wanted now; `cargo xtask test --full` builds it");
            say(format!("building {CLI} with cargo install (about twenty minutes)"));
            let mut cargo = process::cargo(&place.root);
            cargo.args(["install", "--quiet", "--locked", CLI, "--no-default-features"]);
            cargo.args(["--features", "run,cranelift,component-model,wat,cache,wasi-http"]);
            cargo.arg("--root").arg(part).arg("--target-dir").arg(place.at("host-wasmtime-build"));
            quietly(cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")).map(drop)
        })?;
        found = Some(folder.join("bin/wasmtime"));
    }
    let cli = found.context("no `wasmtime` on PATH; `cargo xtask test --full` builds it")?;
    let said = quietly(Command::new(&cli).arg("--version"))?;
    let version = said.split_whitespace().nth(1).unwrap_or(&said);
    ensure!(
        major(version) >= CLI_MAJOR,
        "{} is {said}; it takes {CLI_MAJOR} or newer",
        cli.display()
    );
    Ok((cli, None))
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
