//! `cargo xtask libraries`: the built-in policies as packages for other programs, for Python and for Node.
//!
//! The module of each is the program in `tests/hosts`, which a test compares with paude on every case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::files;
use crate::guest;
use crate::prepare::{node_packages, wheels};
use crate::process::{self, report, run_captured};
use crate::target;

const PYPROJECT: &str = include_str!("libraries/pyproject.toml");
const PACKAGE_JSON: &str = include_str!("libraries/package.json");
const READMES: [&str; 2] =
    [include_str!("libraries/README-python.md"), include_str!("libraries/README-npm.md")];

/// What is in the packages besides programs and component.
pub(crate) const RECIPE: [&str; 5] =
    [include_str!("libraries.rs"), PYPROJECT, PACKAGE_JSON, READMES[0], READMES[1]];

/// Of the workspace, all of whose packages have the same.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Makes both packages in `target/libraries`, and reports where they are.
pub(crate) fn run(checkout: &Checkout) -> Result<u8> {
    target::ensure()?;
    let out = checkout.root.join("target/libraries");
    let _ = fs::remove_dir_all(&out);
    files::create_dir(&out)?;
    files::create_dir(&checkout.setup_dir)?;
    let component = checkout.root.join("target/guest/policy.wasm");
    guest::write(checkout, &component)?;
    let python = process::find_python().context("no python3 on this machine")?;
    let (node, modules) = node_packages(checkout)?;
    for package in [
        wheel(checkout, &python, &component, &out)?,
        npm(checkout, &node, &modules, &component, &out)?,
    ] {
        report(format!("wrote {} ({} bytes)", package.display(), fs::metadata(&package)?.len()));
    }
    Ok(0)
}

/// Makes the wheel `paude_policy` with this component, in a directory.
pub(crate) fn wheel(
    checkout: &Checkout,
    python: &Path,
    component: &Path,
    out: &Path,
) -> Result<PathBuf> {
    let source = empty(out, "python")?;
    let module = source.join("paude_policy");
    files::create_dir(&module)?;
    fs::copy(checkout.root.join("tests/hosts/python/policy.py"), module.join("__init__.py"))?;
    fs::copy(component, module.join("policy.wasm"))?;
    files::write(&source.join("pyproject.toml"), &PYPROJECT.replace("VERSION", VERSION))?;
    files::write(&source.join("README.md"), READMES[0])?;
    copy_licences(checkout, &source)?;
    let mut pip = Command::new(wheels::pip_python(checkout, python)?);
    pip.args(["-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    run_captured(pip.arg("--wheel-dir").arg(out).arg(&source))?;
    only(out, "whl")
}

/// Makes the package `paude-policy` with this component, in a directory. `modules` has the packages that
/// `tests/hosts/node` names.
pub(crate) fn npm(
    checkout: &Checkout,
    node: &Path,
    modules: &Path,
    component: &Path,
    out: &Path,
) -> Result<PathBuf> {
    let programs = checkout.root.join("tests/hosts/node");
    let work = empty(out, "npm")?;
    let source = work.join("package");
    files::create_dir(&source)?;
    std::os::unix::fs::symlink(modules, work.join("node_modules"))?;
    fs::copy(programs.join("transpile.js"), work.join("transpile.mjs"))?;
    let mut transpile = Command::new(node);
    transpile.current_dir(&work).arg("transpile.mjs").arg(component).arg("package/out");
    run_captured(&mut transpile)?;
    fs::copy(programs.join("policy.js"), source.join("index.js"))?;
    fs::copy(programs.join("index.d.ts"), source.join("index.d.ts"))?;
    files::write(&source.join("package.json"), &PACKAGE_JSON.replace("VERSION", VERSION))?;
    files::write(&source.join("README.md"), READMES[1])?;
    copy_licences(checkout, &source)?;
    let npm = process::which("npm").context("npm is not installed here")?;
    let mut pack = Command::new(npm);
    pack.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"]);
    run_captured(pack.arg(out).current_dir(&source))?;
    only(out, "tgz")
}

fn empty(out: &Path, name: &str) -> Result<PathBuf> {
    let dir = out.join(name);
    let _ = fs::remove_dir_all(&dir);
    files::create_dir(&dir)?;
    Ok(dir)
}

fn copy_licences(checkout: &Checkout, to: &Path) -> Result<()> {
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(checkout.root.join(name), to.join(name))?;
    }
    Ok(())
}

/// The only file of this kind in a directory.
fn only(dir: &Path, extension: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(dir)?.filter_map(Result::ok).map(|entry| entry.path());
    let mut found: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|own| own == extension)).collect();
    ensure!(found.len() == 1, "{} files .{extension} in {}", found.len(), dir.display());
    found.pop().context("one")
}
