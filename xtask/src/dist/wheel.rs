//! The wheel and the source distribution for Python's installers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::zig::ZigTarget;
use super::{list, tools};
use crate::checkout::Checkout;
use crate::files;
use crate::package::Package;
use crate::process::{self, report, run_captured};

const PYPROJECT: &str = include_str!("pyproject.toml");

/// What an installer copies beside the program: pages and completions, of which it has no documents of its own.
const DATA: [&str; 4] = [
    "share/man/man1",
    "share/bash-completion/completions",
    "share/fish/vendor_completions.d",
    "share/zsh/site-functions",
];

/// Makes the package's source a project for maturin.
pub(super) fn prepare(package: &Package, prefix: &Path) -> Result<()> {
    files::write(&package.source.join("pyproject.toml"), PYPROJECT)?;
    let notices = "THIRD-PARTY-NOTICES";
    fs::copy(prefix.join("share/doc/paude").join(notices), package.source.join(notices))?;
    let data = package.source.join("wheel-data/data");
    let _ = fs::remove_dir_all(&data);
    for folder in DATA {
        copy_files(&prefix.join(folder), &data.join(folder))?;
    }
    Ok(())
}

/// Makes the wheel of a target, or of this machine; returns it.
pub(super) fn create(
    checkout: &Checkout,
    package: &Package,
    target: Option<&ZigTarget>,
    dist: &Path,
) -> Result<PathBuf> {
    let mut build = maturin(checkout, package, "build")?;
    build.args(["--release", "--locked", "--target-dir"]).arg(package.target_dir());
    if let Some(target) = target {
        build.args(["--zig", "--target", target.triple, "--compatibility", target.compatibility]);
        build.args(target.features()).env(tools::ZIG_VARIABLE, tools::zig(checkout)?);
    }
    let before = list(dist)?;
    run(build.arg("--out").arg(dist))?;
    let new = list(dist)?.into_iter().find(|file| !before.contains(file));
    new.map(|(_, path)| path).context("maturin wrote no wheel")
}

/// Makes the source distribution.
pub(super) fn create_sdist(checkout: &Checkout, package: &Package, dist: &Path) -> Result<()> {
    run(maturin(checkout, package, "sdist")?.arg("--out").arg(dist))
}

fn maturin(checkout: &Checkout, package: &Package, subcommand: &str) -> Result<Command> {
    let mut maturin = Command::new(tools::maturin(checkout)?);
    maturin.current_dir(&package.source).arg(subcommand);
    Ok(maturin)
}

fn run(command: &mut Command) -> Result<()> {
    report(process::format_command(command));
    run_captured(command).map(drop)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    files::create_dir(to)?;
    for (name, path) in list(from)? {
        fs::copy(path, to.join(name))?;
    }
    Ok(())
}
