//! The root directory of a box.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Suite;
use crate::checkout::Checkout;
use crate::prepare::{apt, cached};
use crate::process::{report, run_captured};

/// The engines, what they need to run containers, and the programs that the tests run.
const PACKAGES: &[&str] = &[
    "podman",
    "crun",
    "runc",
    "netavark",
    "nftables",
    "catatonit",
    "uidmap",
    "passt",
    "docker.io",
    "docker-cli",
    "docker-buildx",
    "git",
    "iproute2",
    "mount",
    "passwd",
    "procps",
    "systemd",
    "python3",
    "python3-venv",
    "tmux",
    "busybox",
    "mksh",
    "bubblewrap",
];

/// Finds the root directory of this recipe, or builds it.
pub(super) fn ensure(machine: &Checkout, own: &Checkout, suite: Suite) -> Result<PathBuf> {
    let mirror = apt::debian_mirror()?;
    let source = format!("{mirror} {} main", suite.name());
    let packages = PACKAGES.join(",");
    cached(own, "root", &format!("{source} {packages}"), |part| {
        build(machine, suite, &source, &packages, part)
    })
}

fn build(
    machine: &Checkout,
    suite: Suite,
    source: &str,
    packages: &str,
    part: &Path,
) -> Result<()> {
    report(format!("building the box {} with mmdebstrap (one or two minutes)", suite.name()));
    let start = Instant::now();
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=essential", "--format=directory", "--dpkgopt=force-unsafe-io"]);
    command.arg(format!("--include={packages}"));
    for dropped in ["doc", "man", "locale", "info"] {
        command.arg(format!("--dpkgopt=path-exclude=/usr/share/{dropped}/*"));
    }
    command.arg(format!("--aptopt={}", apt::write_options(machine)?.display()));
    run_captured(command.arg("").arg(part).arg(source)).context("mmdebstrap failed")?;
    report(format!("built the box {} in {} s", suite.name(), start.elapsed().as_secs()));
    Ok(())
}
