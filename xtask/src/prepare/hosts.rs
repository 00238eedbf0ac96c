//! Other WASI hosts that run the built-in policy. Their programs, and the files that pin their packages, are in
//! `tests/hosts`; a host that is not available has a reason.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::cached::cached;
use super::npm::Npm;
use super::wheels;
use crate::checkout::Checkout;
use crate::files;
use crate::libraries;
use crate::process::{self, report, run_captured, which};

/// Built from source, which takes twenty minutes, unless there is a `wasmtime` on PATH.
const CLI: &str = "wasmtime-cli@48.0.8";
/// Older versions take other arguments and print other results.
const CLI_MAJOR: u32 = 48;

/// One WASI host besides paude.
#[derive(Serialize)]
pub(crate) struct WasiHost {
    name: &'static str,
    /// The interpreter of the program of that name in `tests/hosts`.
    program: Option<PathBuf>,
    /// The folder of its packages, if it has any.
    packages: Option<PathBuf>,
    /// The reason for which this machine lacks the host; null if it is available.
    why: Option<String>,
}

/// Prepares every host; `full` also builds what takes long.
pub(crate) fn prepare_all(
    checkout: &Checkout,
    python: &Path,
    guest: &Path,
    full: bool,
) -> Vec<WasiHost> {
    let hosts = vec![
        host("python", prepare_python(checkout, python)),
        host("node", prepare_node(checkout)),
        host("wasmtime", prepare_cli(checkout, full)),
        host("python-package", prepare_wheel(checkout, python, guest)),
        host("node-package", prepare_npm(checkout, guest)),
    ];
    report("other WASI hosts for the tests:");
    for host in &hosts {
        let state = host.why.as_ref().map(|why| format!("skipped: {why}"));
        report(format!("  {:<16} {}", host.name, state.as_deref().unwrap_or("ready")));
    }
    hosts
}

fn host(name: &'static str, prepared: Result<(PathBuf, Option<PathBuf>)>) -> WasiHost {
    match prepared {
        Ok((program, packages)) => WasiHost { name, program: Some(program), packages, why: None },
        Err(error) => {
            WasiHost { name, program: None, packages: None, why: Some(format!("{error:#}")) }
        }
    }
}

fn prepare_python(checkout: &Checkout, python: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let wanted = checkout.root.join("tests/hosts/python/requirements.txt");
    let text = fs::read_to_string(&wanted)?;
    let packages = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let folder = cached(checkout, "host-python", &packages, |part| {
        report(format!("fetching from PyPI: {packages}"));
        let mut pip = Command::new(wheels::pip_python(checkout, python)?);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-compile", "--only-binary=:all:", "--root-user-action=ignore"]);
        run_captured(pip.arg("--target").arg(part).arg("--requirement").arg(&wanted)).map(drop)
    })?;
    Ok((python.to_path_buf(), Some(folder)))
}

fn prepare_node(checkout: &Checkout) -> Result<(PathBuf, Option<PathBuf>)> {
    let npm = Npm::find()?;
    let version = npm.node_version()?;
    let wanted = checkout.root.join("tests/hosts/node/package.json");
    let recipe = format!("{:016x} {version}", files::hash(&fs::read_to_string(&wanted)?));
    let folder = cached(checkout, "host-node", &recipe, |part| {
        report("fetching from npm: the packages of tests/hosts/node/package.json (105 MB)");
        files::create_dir(part)?;
        fs::copy(&wanted, part.join("package.json"))?;
        npm.install(part, &["--no-package-lock"])
    })?;
    Ok((npm.node, Some(folder)))
}

/// Node, and the folder of the packages that `tests/hosts/node` names.
pub(crate) fn node_packages(checkout: &Checkout) -> Result<(PathBuf, PathBuf)> {
    let (node, folder) = prepare_node(checkout)?;
    Ok((node, folder.context("node has packages")?.join("node_modules")))
}

/// Installs the package for Python where nothing else is.
fn prepare_wheel(
    checkout: &Checkout,
    python: &Path,
    guest: &Path,
) -> Result<(PathBuf, Option<PathBuf>)> {
    let recipe = recipe(checkout, guest, &["python/policy.py"])?;
    let folder = cached(checkout, "package-python", &recipe, |part| {
        report("building the package for Python, and installing it with what it needs from PyPI");
        files::create_dir(part)?;
        let wheel = libraries::wheel(checkout, python, guest, part)?;
        let mut pip = Command::new(wheels::pip_python(checkout, python)?);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-compile", "--root-user-action=ignore", "--target"]);
        run_captured(pip.arg(part.join("site")).arg(wheel)).map(drop)
    })?;
    Ok((python.to_path_buf(), Some(folder.join("site"))))
}

/// Installs the package for Node where nothing else is.
fn prepare_npm(checkout: &Checkout, guest: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let (node, modules) = node_packages(checkout)?;
    let sources = ["node/policy.js", "node/index.d.ts", "node/transpile.js"];
    let recipe = recipe(checkout, guest, &sources)?;
    let folder = cached(checkout, "package-node", &recipe, |part| {
        report("building the package for Node, and installing it with what it needs from npm");
        files::create_dir(part)?;
        let package = libraries::npm(checkout, &node, &modules, guest, part)?;
        let site = part.join("site");
        files::create_dir(&site)?;
        Npm::find()?.install(&site, &[OsStr::new("--no-package-lock"), package.as_os_str()])
    })?;
    Ok((node, Some(folder.join("site"))))
}

/// What a package is made from.
fn recipe(checkout: &Checkout, guest: &Path, sources: &[&str]) -> Result<String> {
    let mut text = libraries::RECIPE.concat();
    for source in sources {
        text += &fs::read_to_string(checkout.root.join("tests/hosts").join(source))?;
    }
    text += &String::from_utf8_lossy(&fs::read(guest)?);
    Ok(format!("{:016x}", files::hash(&text)))
}

/// Finds one on PATH, else one that an earlier `--full` built; with `full`, builds one.
fn prepare_cli(checkout: &Checkout, full: bool) -> Result<(PathBuf, Option<PathBuf>)> {
    let root = checkout.setup_path("host-wasmtime");
    let own = root.join("bin/wasmtime");
    let mut found = which("wasmtime");
    if found.is_none() && (full || own.exists()) {
        let folder = cached(checkout, "host-wasmtime", CLI, |part| {
            ensure!(
                full,
                "the version built earlier is outdated; `cargo xtask test --full` builds a new one"
            );
            report(format!("building {CLI} with cargo install (about twenty minutes)"));
            let mut cargo = process::cargo(&checkout.root);
            cargo.args(["install", "--quiet", "--locked", CLI, "--no-default-features"]);
            cargo.args(["--features", "run,cranelift,component-model,wat,cache,wasi-http"]);
            cargo
                .arg("--root")
                .arg(part)
                .arg("--target-dir")
                .arg(checkout.setup_path("host-wasmtime-build"));
            run_captured(cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")).map(drop)
        })?;
        found = Some(folder.join("bin/wasmtime"));
    }
    let cli = found.context("no `wasmtime` on PATH; `cargo xtask test --full` builds it")?;
    let printed = run_captured(Command::new(&cli).arg("--version"))?;
    let version = printed.split_whitespace().nth(1).unwrap_or(&printed);
    ensure!(
        major(version) >= CLI_MAJOR,
        "{} is {printed}; {CLI_MAJOR} or newer is needed",
        cli.display()
    );
    Ok((cli, None))
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
