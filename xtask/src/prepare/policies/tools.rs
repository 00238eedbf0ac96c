//! What builds policies, fetched at these versions and kept.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::place::{self, Place};
use crate::prepare::{kept::kept, wheels};
use crate::process::{self, quietly, say, which};

const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
const ZIG: &str = "ziglang==0.17.1";
const BINDGEN: &str = "wit-bindgen-cli@0.63.0";
const NODE_MAJOR: u32 = 20;

/// The tool for Python, as a folder for `PYTHONPATH`.
pub(super) fn componentize_py(place: &Place) -> Result<PathBuf> {
    from_pypi(place, "componentize-py", COMPONENTIZE_PY, "17 MB")
}

/// A compiler for C that brings a libc for WebAssembly, as a folder for `PYTHONPATH`.
pub(super) fn zig(place: &Place) -> Result<PathBuf> {
    from_pypi(place, "ziglang", ZIG, "100 MB")
}

/// The tool that writes C for an interface, built from source once.
pub(super) fn bindgen(place: &Place) -> Result<PathBuf> {
    let folder = kept(place, "wit-bindgen", BINDGEN, |part| {
        say(format!("building {BINDGEN} with cargo install (about four minutes)"));
        let mut cargo = process::cargo(&place.root);
        // Quick to build, not quick to run: it runs for a moment.
        cargo.args(["install", "--quiet", "--debug", "--locked", BINDGEN]);
        cargo.args(["--no-default-features", "--features", "c", "--root"]).arg(part);
        cargo.arg("--target-dir").arg(place.at("policies-build/wit-bindgen"));
        quietly(cargo.env("CARGO_PROFILE_DEV_DEBUG", "false")).map(drop)
    })?;
    Ok(folder.join("bin/wit-bindgen"))
}

/// Node, and the folder of packages with the tools for JavaScript and for components.
pub(super) fn jco(place: &Place) -> Result<(PathBuf, PathBuf)> {
    let (Some(node), Some(npm)) = (which("node"), which("npm")) else {
        bail!("node and npm are not installed here");
    };
    let said = quietly(Command::new(&node).arg("--version"))?;
    let major = said.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    ensure!(major >= Some(NODE_MAJOR), "node {said} is too old; it takes {NODE_MAJOR}");
    let from = place.root.join("tests/policies");
    let files = ["package.json", "package-lock.json"];
    let texts = files.map(|name| fs::read_to_string(from.join(name)));
    let texts = texts.into_iter().collect::<std::io::Result<String>>()?;
    let recipe = format!("{:016x} {said}", place::hash(&texts));
    let folder = kept(place, "jco", &recipe, |part| {
        say("fetching from npm: what tests/policies/package.json names (340 MB)");
        place::make_dir(part)?;
        for name in files {
            fs::copy(from.join(name), part.join(name))?;
        }
        // Not `npm ci`: it wants the lock file to name every system's binaries, and npm leaves out those of others.
        let mut install = Command::new(&npm);
        install.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]);
        quietly(install.current_dir(part)).map(drop)
    })?;
    Ok((node, folder.join("node_modules")))
}

/// A folder for `PYTHONPATH` with one package from PyPI.
fn from_pypi(place: &Place, name: &str, what: &str, size: &str) -> Result<PathBuf> {
    let python = process::python().context("no python3 on this machine")?;
    kept(place, name, what, |part| {
        say(format!("fetching from PyPI: {what} ({size})"));
        let mut pip = Command::new(wheels::pip_python(place, &python)?);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-compile", "--only-binary=:all:", "--root-user-action=ignore"]);
        quietly(pip.arg("--target").arg(part).arg(what)).map(drop)
    })
}
