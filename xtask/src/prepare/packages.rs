//! The programs that the tests and the bench run, from the machine's own packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{self, report, run_captured, succeeds, which};

/// A program to install: a check for its presence, and packages that have it, the preferred one first.
struct Requirement {
    installed: fn() -> bool,
    packages: &'static [&'static str],
}

const FOR_TESTS: &[Requirement] = &[
    Requirement { installed: || which("podman").is_some(), packages: &["podman"] },
    Requirement { installed: || which("runc").is_some(), packages: &["runc"] },
    Requirement { installed: || which("newuidmap").is_some(), packages: &["uidmap"] },
    Requirement { installed: has_netavark, packages: &["netavark"] },
    Requirement { installed: || which("catatonit").is_some(), packages: &["catatonit"] },
    Requirement { installed: || which("docker").is_some(), packages: &["docker-cli", "docker.io"] },
    Requirement { installed: || which("dockerd").is_some(), packages: &["docker.io"] },
    Requirement { installed: || which("rootlesskit").is_some(), packages: &["rootlesskit"] },
    Requirement { installed: || which("mmdebstrap").is_some(), packages: &["mmdebstrap"] },
    Requirement { installed: || which("tmux").is_some(), packages: &["tmux"] },
    Requirement { installed: || which("busybox").is_some(), packages: &["busybox"] },
    Requirement { installed: || which("mksh").is_some(), packages: &["mksh"] },
    Requirement { installed: || which("bwrap").is_some(), packages: &["bubblewrap"] },
    Requirement { installed: || which("time").is_some(), packages: &["time"] },
    Requirement { installed: || which("rsync").is_some(), packages: &["rsync"] },
    Requirement { installed: || which("curl").is_some(), packages: &["curl"] },
    Requirement { installed: || which("openssl").is_some(), packages: &["openssl"] },
    Requirement { installed: || which("skopeo").is_some(), packages: &["skopeo"] },
    Requirement { installed: has_venv, packages: &["python3-venv"] },
];

const FOR_BENCH: &[Requirement] =
    &[Requirement { installed: || find_fd().is_some(), packages: &["fd-find"] }];

/// The file finder fd, which Debian and Ubuntu install under another name.
pub(crate) fn find_fd() -> Option<PathBuf> {
    which("fdfind").or_else(|| which("fd"))
}

/// podman requires it even where no container has a network.
fn has_netavark() -> bool {
    ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark"]
        .iter()
        .any(|file| Path::new(file).exists())
}

/// Debian has the modules that `python3 -m venv` needs in a separate package.
fn has_venv() -> bool {
    process::find_python()
        .is_some_and(|python| succeeds(Command::new(python).args(["-c", "import ensurepip"])))
}

/// Installs the programs of the tests, or reports which are missing. Never an error: a lane without its engine reports
/// that later.
pub(crate) fn ensure_for_tests() {
    ensure(FOR_TESTS, "some tests");
}

/// Installs the programs that the bench compares paude with, or reports which are missing.
pub(crate) fn ensure_for_bench() {
    ensure(FOR_BENCH, "some comparisons");
}

fn ensure(requirements: &[Requirement], affected: &str) {
    let missing: Vec<_> =
        requirements.iter().filter(|requirement| !(requirement.installed)()).collect();
    if missing.is_empty() {
        return;
    }
    if !process::is_root() || which("apt-get").is_none() {
        let names: Vec<&str> =
            missing.iter().filter_map(|requirement| requirement.packages.last().copied()).collect();
        let names = names.join(" ");
        report(format!("not installed, so {affected} will be skipped: {names}"));
        report(format!("  on Debian or Ubuntu: sudo apt-get install {names}"));
        return;
    }
    report("fetching the package lists (apt-get update)");
    if let Err(error) = apt_get(&["update"]) {
        report(format!("{error:#}"));
    }
    let mut names: Vec<&str> =
        missing.iter().filter_map(|requirement| first_available(requirement.packages)).collect();
    names.sort_unstable();
    names.dedup();
    if let Err(error) = install(&names) {
        report(format!("{error:#}"));
    }
}

fn first_available(names: &'static [&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| {
        run_captured(Command::new("apt-cache").args(["policy", name])).is_ok_and(|policy| {
            policy.contains("Candidate:") && !policy.contains("Candidate: (none)")
        })
    })
}

/// Installs all packages at once; if that fails one by one, so that one failure does not affect the others.
fn install(names: &[&str]) -> Result<()> {
    report(format!("installing with apt-get: {}", names.join(" ")));
    let args = ["install", "--yes", "--no-install-recommends"];
    if apt_get(&[&args, names].concat()).is_ok() {
        return Ok(());
    }
    for name in names {
        if let Err(error) = apt_get(&[&args[..], &[*name]].concat()) {
            report(format!("{error:#}"));
        }
    }
    Ok(())
}

fn apt_get(args: &[&str]) -> Result<String> {
    run_captured(
        Command::new("apt-get").arg("--quiet").args(args).env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
