//! The reference implementation of dev containers, which the tests compare paude with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::cached::cached;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured, which};

const CLI: &str = "@devcontainers/cli@0.89.0";

/// Fetches the program for node, which has no dependencies.
pub(super) fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let (Some(_), Some(npm)) = (which("node"), which("npm")) else {
        bail!("node and npm are not installed here");
    };
    let folder = cached(checkout, "devcontainer-cli", CLI, |part| {
        report(format!("fetching from npm: {CLI} (2 MB)"));
        files::create_dir(part)?;
        let mut install = Command::new(npm);
        install.args([
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
        ]);
        run_captured(install.arg("--prefix").arg(part).arg(CLI).current_dir(part)).map(drop)
    })?;
    Ok(folder.join("node_modules/@devcontainers/cli/devcontainer.js"))
}
