//! The tools that make packages, at pinned versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::checkout::Checkout;
use crate::prepare::{ZIG, from_crates, from_pypi, unpack_debian};
use crate::process::{self, run_captured};

const MATURIN: &str = "maturin==1.16.0";
const PIPX: &str = "pipx==1.18.4";
const CARGO_DEB: &str = "cargo-deb@3.8.0";

/// The program that builds paude, and makes wheels.
pub(super) fn maturin(checkout: &Checkout) -> Result<PathBuf> {
    Ok(from_pypi(checkout, "maturin", MATURIN, "10 MB")?.join("bin/maturin"))
}

/// The variable by which maturin finds zig.
pub(super) const ZIG_VARIABLE: &str = "CARGO_ZIGBUILD_ZIG_PATH";

/// zig itself, which the policies in C are built with too.
pub(super) fn zig(checkout: &Checkout) -> Result<PathBuf> {
    Ok(from_pypi(checkout, "ziglang", ZIG, "100 MB")?.join("ziglang/zig"))
}

/// A folder for `PYTHONPATH` with pipx.
pub(super) fn pipx(checkout: &Checkout) -> Result<PathBuf> {
    from_pypi(checkout, "pipx", PIPX, "1 MB")
}

/// The program that makes packages for Debian, built once.
pub(super) fn cargo_deb(checkout: &Checkout) -> Result<PathBuf> {
    let folder = from_crates(
        checkout,
        "cargo-deb",
        &[CARGO_DEB, "--no-default-features"],
        "about two minutes",
    )?;
    Ok(folder.join("bin/cargo-deb"))
}

/// The variable by which a tool takes the time of the last commit for that of its files. maturin is called without it, as
/// cargo then compiled wasmtime once more.
pub(super) fn commit_time(checkout: &Checkout) -> Result<(&'static str, String)> {
    let mut git = Command::new("git");
    git.current_dir(&checkout.root).args(["log", "-1", "--format=%ct"]);
    Ok(("SOURCE_DATE_EPOCH", run_captured(&mut git)?))
}

/// The program that runs those for another architecture of Linux: that of the machine, else Debian's, which is static
/// from this release on.
pub(super) fn emulator(checkout: &Checkout, arch: &str) -> Result<PathBuf> {
    let name = format!("qemu-{arch}");
    let installed = [format!("{name}-static"), name.clone()];
    if let Some(found) = installed.iter().find_map(|name| process::which(name)) {
        return Ok(found);
    }
    let program =
        unpack_debian(checkout, "qemu-user", "trixie", &["qemu-user"])?.join("usr/bin").join(name);
    ensure!(program.is_file(), "there is no {}", program.display());
    Ok(program)
}

/// The target that rustc compiles for by default.
pub(super) fn host_triple() -> Result<String> {
    let version = run_captured(Command::new("rustc").arg("-vV"))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("rustc names no host")
}

/// The Python that packs archives and creates environments.
pub(super) fn python() -> Result<PathBuf> {
    process::find_python().context("there is no python3 on this machine")
}

/// A Python script with arguments, as a command.
pub(super) fn script(text: &str, args: &[&Path]) -> Result<Command> {
    let mut command = Command::new(python()?);
    command.arg("-c").arg(text).args(args);
    Ok(command)
}
