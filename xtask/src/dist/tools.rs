//! The tools that make packages, at pinned versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::prepare::{ZIG, cached, from_pypi};
use crate::process::{self, report, run_captured};

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
    let folder = cached(checkout, "cargo-deb", CARGO_DEB, |part| {
        report(format!("building {CARGO_DEB} with cargo install (about two minutes)"));
        let mut cargo = process::cargo(&checkout.root);
        cargo.args(["install", "--quiet", "--debug", "--locked", "--no-default-features"]);
        cargo.args([CARGO_DEB, "--root"]).arg(part);
        cargo.arg("--target-dir").arg(checkout.setup_path("cargo-deb-build"));
        run_captured(cargo.env("CARGO_PROFILE_DEV_DEBUG", "false")).map(drop)
    })?;
    Ok(folder.join("bin/cargo-deb"))
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
