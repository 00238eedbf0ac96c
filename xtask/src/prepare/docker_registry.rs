//! Debian's registry for images and other artifacts, from which the tests pull policies.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::cached::cached;
use super::debian;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured, which};

const PACKAGE: &str = "docker-registry";

/// Finds the program, else extracts it from its package: installing that would start a service. The tests fill it with
/// `skopeo`, and make certificates with `openssl`.
pub(super) fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    for program in ["curl", "openssl", "skopeo"] {
        ensure!(which(program).is_some(), "{program} is not installed here");
    }
    if let Some(program) = which(PACKAGE) {
        return Ok(program);
    }
    let folder = cached(checkout, PACKAGE, PACKAGE, |part| {
        report(format!("fetching with apt-get: {PACKAGE} (5 MB)"));
        files::create_dir(part)?;
        if download(part).is_err() {
            run_captured(Command::new("apt-get").args(["--quiet", "update"]))?;
            download(part)?;
        }
        ensure!(debian::extract(part, part)? == 1, "apt-get fetched no package");
        Ok(())
    })?;
    Ok(folder.join("usr/bin").join(PACKAGE))
}

fn download(to: &Path) -> Result<()> {
    let mut apt = Command::new("apt-get");
    apt.args(["--quiet", "download", PACKAGE]);
    run_captured(apt.current_dir(to)).map(drop)
}
