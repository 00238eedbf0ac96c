//! The tools that build policies, at pinned versions.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::files;
use crate::prepare::{cached, from_crates, npm::Npm, wheels};
use crate::process::{self, report, run_captured};

const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
pub(crate) const ZIG: &str = "ziglang==0.17.1";
const BINDGEN: &str = "wit-bindgen-cli@0.63.0";

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
    let args = [BINDGEN, "--no-default-features", "--features", "c"];
    let folder = from_crates(checkout, "wit-bindgen", &args, "about four minutes")?;
    Ok(folder.join("bin/wit-bindgen"))
}

/// Finds node, and fetches the packages with the tools for JavaScript and for components.
pub(super) fn jco(checkout: &Checkout) -> Result<(PathBuf, PathBuf)> {
    let npm = Npm::find()?;
    let version = npm.node_version()?;
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
        npm.install(part, &["--no-save"])
    })?;
    Ok((npm.node, folder.join("node_modules")))
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
