//! The program, and the wheel and the source distribution for Python's installers, all made by maturin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::target::Target;
use super::{list, new_file, tools};
use crate::checkout::Checkout;
use crate::files;
use crate::package::Package;
use crate::process::{self, report, run_captured};

const PYPROJECT: &str = include_str!("pyproject.toml");
const NOTICES: &str = "THIRD-PARTY-NOTICES";

/// What an installer copies beside the program: pages and completions, of which it has no documents of its own.
const DATA: [&str; 4] = [
    "share/man/man1",
    "share/bash-completion/completions",
    "share/fish/vendor_completions.d",
    "share/zsh/site-functions",
];

/// The systems that a wheel with a static program is marked for: the oldest glibc and musl that the names stand for.
const LINUX: [&str; 3] = ["--compatibility", "manylinux_2_17", "musllinux_1_1"];

/// The list of the linked crates that maturin puts into a wheel, without what differs for the same commit: the time, a
/// random number and the path of the checkout.
const TAKE_SBOM: &str = r#"
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = [name for name in wheel.namelist() if name.endswith(".cyclonedx.json")]
    text = wheel.read(name).replace(b"file://" + sys.argv[3].encode(), b"file://.")
bom = json.loads(text)
bom.pop("serialNumber", None)
bom["metadata"].pop("timestamp", None)
with open(sys.argv[2], "w") as file:
    json.dump(bom, file, indent=2)
"#;

/// Makes the package's source a project for maturin.
pub(super) fn prepare(package: &Package, notices: &str) -> Result<()> {
    files::write(&package.source.join("pyproject.toml"), PYPROJECT)?;
    files::write(&package.source.join(NOTICES), notices)?;
    files::create_dir(&data(package))
}

/// Builds the program of a target, unless that was done before; returns it.
pub(super) fn build(checkout: &Checkout, package: &Package, target: &Target) -> Result<PathBuf> {
    crate::target::add(&target.triple)?;
    // A wheel without what the program has yet to write.
    run_maturin(checkout, package, target, &checkout.root.join("target/dist-work/wheels"))?;
    Ok(package.target_dir().join(&target.triple).join("release/paude"))
}

/// Makes the wheel of a target with the pages and completions of a prefix; returns it.
pub(super) fn create(
    checkout: &Checkout,
    package: &Package,
    target: &Target,
    prefix: &Path,
    dist: &Path,
) -> Result<PathBuf> {
    let _ = fs::remove_dir_all(data(package));
    for folder in DATA {
        copy_files(&prefix.join(folder), &data(package).join(folder))?;
    }
    new_file(dist, || run_maturin(checkout, package, target, dist))
        .context("maturin wrote no wheel")
}

/// Copies the list of the linked crates, in the format CycloneDX, out of a wheel.
pub(super) fn take_sbom(package: &Package, wheel: &Path, to: &Path) -> Result<()> {
    run_captured(&mut tools::script(TAKE_SBOM, &[wheel, to, &package.source])?).map(drop)
}

/// Makes the source distribution.
pub(super) fn create_sdist(checkout: &Checkout, package: &Package, dist: &Path) -> Result<()> {
    let mut sdist = maturin(checkout, package, "sdist")?;
    run(sdist.arg("--out").arg(dist))
}

fn run_maturin(checkout: &Checkout, package: &Package, target: &Target, out: &Path) -> Result<()> {
    let mut build = maturin(checkout, package, "build")?;
    build.args(["--release", "--locked", "--target", &target.triple]);
    build.arg("--target-dir").arg(package.target_dir()).args(target.features());
    if target.is_linux() {
        build.arg("--zig").args(LINUX).env(tools::ZIG_VARIABLE, tools::zig(checkout)?);
    }
    run(build.arg("--out").arg(out))
}

fn maturin(checkout: &Checkout, package: &Package, subcommand: &str) -> Result<Command> {
    let mut maturin = Command::new(tools::maturin(checkout)?);
    maturin.current_dir(&package.source).arg(subcommand);
    Ok(maturin)
}

fn run(command: &mut Command) -> Result<()> {
    report(process::format_command(command));
    let code = process::run(command)?;
    ensure!(code == 0, "maturin failed (exit code {code})");
    Ok(())
}

fn data(package: &Package) -> PathBuf {
    package.source.join("wheel-data/data")
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    files::create_dir(to)?;
    for (name, path) in list(from)? {
        fs::copy(path, to.join(name))?;
    }
    Ok(())
}
