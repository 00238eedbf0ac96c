//! The programs that the tests run, from the machine's own packages.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{self, quietly, say, succeeds, which};

/// A thing the tests use: how to see that it is there, and the packages that have it, the first known one wins.
struct Need {
    there: fn() -> bool,
    packages: &'static [&'static str],
}

const NEEDS: &[Need] = &[
    Need { there: || which("podman").is_some(), packages: &["podman"] },
    Need { there: || which("runc").is_some(), packages: &["runc"] },
    Need { there: || which("newuidmap").is_some(), packages: &["uidmap"] },
    Need { there: netavark, packages: &["netavark"] },
    Need { there: || which("catatonit").is_some(), packages: &["catatonit"] },
    Need { there: || which("docker").is_some(), packages: &["docker-cli", "docker.io"] },
    Need { there: || which("dockerd").is_some(), packages: &["docker.io"] },
    Need { there: || which("mmdebstrap").is_some(), packages: &["mmdebstrap"] },
    Need { there: || which("tmux").is_some(), packages: &["tmux"] },
    Need { there: || which("busybox").is_some(), packages: &["busybox"] },
    Need { there: || which("mksh").is_some(), packages: &["mksh"] },
    Need { there: || which("bwrap").is_some(), packages: &["bubblewrap"] },
    Need { there: || which("time").is_some(), packages: &["time"] },
    Need { there: venv, packages: &["python3-venv"] },
];

/// Podman asks for it even where no container gets a network.
fn netavark() -> bool {
    ["/usr/lib/podman/netavark", "/usr/libexec/podman/netavark"]
        .iter()
        .any(|file| Path::new(file).exists())
}

/// Debian keeps what `python3 -m venv` needs in a package of its own.
fn venv() -> bool {
    process::python()
        .is_some_and(|python| succeeds(Command::new(python).args(["-c", "import ensurepip"])))
}

/// Installs what is missing if we are root on a machine with apt; else says what is missing. Never an error: a lane
/// that lacks its engine says so later.
pub(crate) fn ensure() {
    let missing: Vec<_> = NEEDS.iter().filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return;
    }
    let first: Vec<&str> =
        missing.iter().map(|need| need.packages[need.packages.len() - 1]).collect();
    if !process::is_root() || which("apt-get").is_none() {
        say(format!("not installed here, so some tests will be left out: {}", first.join(" ")));
        say(format!("  on Debian or Ubuntu: sudo apt-get install {}", first.join(" ")));
        return;
    }
    say("fetching the lists of packages (apt-get update)");
    if let Err(error) = apt(&["update"]) {
        say(format!("{error:#}"));
    }
    let mut names: Vec<&str> = missing.iter().filter_map(|need| known(need.packages)).collect();
    names.sort_unstable();
    names.dedup();
    if let Err(error) = install(&names) {
        say(format!("{error:#}"));
    }
}

fn known(names: &'static [&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| {
        quietly(Command::new("apt-cache").args(["policy", name]))
            .is_ok_and(|said| said.contains("Candidate:") && !said.contains("Candidate: (none)"))
    })
}

/// All in one go; if that fails one by one, so that one unknown name does not cost the rest.
fn install(names: &[&str]) -> Result<()> {
    say(format!("installing with apt-get: {}", names.join(" ")));
    let args = ["install", "--yes", "--no-install-recommends"];
    if apt(&[&args, names].concat()).is_ok() {
        return Ok(());
    }
    for name in names {
        if let Err(error) = apt(&[&args[..], &[*name]].concat()) {
            say(format!("{error:#}"));
        }
    }
    Ok(())
}

fn apt(args: &[&str]) -> Result<String> {
    quietly(
        Command::new("apt-get").arg("--quiet").args(args).env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
