//! The file system of the test image, built from the package sources of this machine's Debian or Ubuntu.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::apt;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{quote_path, report, run_captured};

/// A built root file system.
pub(crate) struct TestImage {
    /// The archive that engines import.
    pub(crate) tar: PathBuf,
    /// A value that changes whenever the content of the image would.
    pub(crate) recipe: String,
    /// The version of its Python, such as `3.11`.
    pub(crate) python: String,
}

const PACKAGES: &str = "apt,git,python3,python3-venv";

/// The shell script of mmdebstrap's last step, with the new root as `$1`.
const FINISH: &str = r#"set -eu
chmod 755 "$1/usr/local/bin/uv"
ln -sf python3 "$1/usr/bin/python"
echo 'appuser:x:1234:1234::/home/appuser:/bin/sh' >>"$1/etc/passwd"
echo 'appuser:x:1234:' >>"$1/etc/group"
mkdir -p "$1/home/appuser"
chown 1234:1234 "$1/home/appuser"
rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap
"#;

/// Finds the archive of this recipe, or builds it.
pub(crate) fn ensure(checkout: &Checkout, uv: &Path) -> Result<TestImage> {
    let built = checkout.setup_path("rootfs.recipe");
    let tar = checkout.setup_path("rootfs.tar");
    let sources = apt::sources()?;
    let uv_stamp = fs::read_to_string(checkout.setup_path("uv-wheel.stamp"))?;
    let recipe = format!("{:016x}", files::hash(&[&sources, PACKAGES, FINISH, &uv_stamp].concat()));
    if !(tar.exists() && fs::read_to_string(&built).is_ok_and(|found| found == recipe)) {
        let _ = fs::remove_file(&built);
        build(checkout, &sources, uv, &tar)?;
        files::write(&built, &recipe)?;
    }
    let python = python_in(&tar)?;
    Ok(TestImage { tar, recipe, python })
}

/// The archive that [`ensure`] built earlier.
pub(super) fn find(checkout: &Checkout) -> Result<TestImage> {
    let tar = checkout.setup_path("rootfs.tar");
    let recipe = fs::read_to_string(checkout.setup_path("rootfs.recipe"))
        .context("there is no test image; `cargo xtask setup` reports the reason")?;
    let python = python_in(&tar)?;
    Ok(TestImage { tar, recipe, python })
}

fn build(checkout: &Checkout, sources: &str, uv: &Path, tar: &Path) -> Result<()> {
    report(
        "building the test image with mmdebstrap, from this machine's package sources (about a minute)",
    );
    let start = Instant::now();
    let sources_file = checkout.setup_path("rootfs.list");
    files::write(&sources_file, sources)?;
    let options = apt::write_options(checkout)?;
    let part = checkout.setup_path("rootfs.part.tar");
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=essential", "--format=tar", "--dpkgopt=force-unsafe-io"]);
    command.arg(format!("--include={PACKAGES}"));
    for dropped in ["doc", "man", "locale", "info"] {
        command.arg(format!("--dpkgopt=path-exclude=/usr/share/{dropped}/*"));
    }
    command.arg(format!("--aptopt={}", options.display()));
    // mmdebstrap's own `upload` reads the file as the calling user, also where its other steps run as another one.
    command.arg(format!("--customize-hook=upload {} /usr/local/bin/uv", quote_path(uv)?));
    command.arg(format!("--customize-hook={FINISH}"));
    run_captured(command.arg("").arg(&part).arg(&sources_file))
        .context("cannot build the test image")?;
    fs::rename(part, tar)?;
    report(format!("built the test image in {} s", start.elapsed().as_secs()));
    Ok(())
}

/// The version of the Python in the archive, from the name of its program.
fn python_in(tar: &Path) -> Result<String> {
    let names = run_captured(Command::new("tar").arg("--list").arg("--file").arg(tar))?;
    let version =
        |name: &str| python_version(name.trim_start_matches("./").strip_prefix("usr/bin/")?);
    names.lines().find_map(version).context("the test image has no Python")
}

/// The version in the name of a program such as `python3.11`.
pub(super) fn python_version(program: &str) -> Option<String> {
    let minor = program.strip_prefix("python3.")?;
    minor.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("3.{minor}"))
}
