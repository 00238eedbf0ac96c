//! The tools that build policies, at pinned versions.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::checkout::Checkout;
use crate::files;
use crate::prepare::{cached::cached, wheels};
use crate::process::{self, report, run_captured, which};

const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
pub(crate) const ZIG: &str = "ziglang==0.17.1";
const BINDGEN: &str = "wit-bindgen-cli@0.63.0";
const NODE_MAJOR: u32 = 20;

/// Fetches the tool for Python, a folder for `PYTHONPATH`.
pub(super) fn componentize_py(checkout: &Checkout) -> Result<PathBuf> {
    from_pypi(checkout, "componentize-py", COMPONENTIZE_PY, "17 MB")
}

/// Fetches a C compiler with a libc for WebAssembly, a folder for `PYTHONPATH`.
pub(super) fn zig(checkout: &Checkout) -> Result<PathBuf> {
    from_pypi(checkout, "ziglang", ZIG, "100 MB")
}

/// Builds the generator of C bindings from source, once.
pub(super) fn bindgen(checkout: &Checkout) -> Result<PathBuf> {
    let folder = cached(checkout, "wit-bindgen", BINDGEN, |part| {
        report(format!("building {BINDGEN} with cargo install (about four minutes)"));
        let mut cargo = process::cargo(&checkout.root);
        // A debug build, because the time to build exceeds the time it ever runs.
        cargo.args(["install", "--quiet", "--debug", "--locked", BINDGEN]);
        cargo.args(["--no-default-features", "--features", "c", "--root"]).arg(part);
        cargo.arg("--target-dir").arg(checkout.setup_path("policies-build/wit-bindgen"));
        run_captured(cargo.env("CARGO_PROFILE_DEV_DEBUG", "false")).map(drop)
    })?;
    Ok(folder.join("bin/wit-bindgen"))
}

/// Finds node, and fetches the packages with the tools for JavaScript and for components.
pub(super) fn jco(checkout: &Checkout) -> Result<(PathBuf, PathBuf)> {
    let (Some(node), Some(npm)) = (which("node"), which("npm")) else {
        bail!("node and npm are not installed here");
    };
    let version = run_captured(Command::new(&node).arg("--version"))?;
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    ensure!(
        major >= Some(NODE_MAJOR),
        "node {version} is too old; {NODE_MAJOR} or newer is needed"
    );
    let from = checkout.root.join("tests/policies");
    let names = ["package.json", "package-lock.json"];
    let contents = names.map(|name| fs::read_to_string(from.join(name)));
    let contents = contents.into_iter().collect::<std::io::Result<String>>()?;
    let recipe = format!("{:016x} {version}", files::hash(&contents));
    let folder = cached(checkout, "jco", &recipe, |part| {
        report("fetching from npm: the packages of tests/policies/package.json (340 MB)");
        files::create_dir(part)?;
        for name in names {
            fs::copy(from.join(name), part.join(name))?;
        }
        // `npm ci` would require the binaries of every system in the lock file, and npm writes only those of this one.
        let mut install = Command::new(&npm);
        install.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]);
        run_captured(install.current_dir(part)).map(drop)
    })?;
    Ok((node, folder.join("node_modules")))
}

/// Fetches one package from PyPI into a folder for `PYTHONPATH`.
pub(crate) fn from_pypi(
    checkout: &Checkout,
    name: &str,
    requirement: &str,
    size: &str,
) -> Result<PathBuf> {
    let python = process::find_python().context("there is no python3 on this machine")?;
    cached(checkout, name, requirement, |part| {
        report(format!("fetching from PyPI: {requirement} ({size})"));
        let mut pip = Command::new(wheels::pip_python(checkout, &python)?);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-compile", "--only-binary=:all:", "--root-user-action=ignore"]);
        run_captured(pip.arg("--target").arg(part).arg(requirement)).map(drop)
    })
}
