//! The built-in engine: namespaces, which the kernel grants or does not.

use anyhow::{Context, Result, bail};

use super::lanes::Lane;
use crate::process::{self, quietly};

/// As whoever runs the tests.
pub(crate) fn lane(lane: Lane) -> Result<Lane> {
    if !cfg!(target_os = "linux") {
        bail!("the native engine is for Linux");
    }
    quietly(lane.program("unshare").args([
        "--user",
        "--map-root-user",
        "--mount",
        "--pid",
        "--fork",
        "true",
    ]))
    .context("the kernel grants no user namespace")?;
    Ok(lane)
}

/// As a plain user, when we are root.
pub(crate) fn as_user(plain: Lane) -> Result<Lane> {
    if !process::is_root() {
        bail!("only root can become another user; the lane `native` runs as a plain user already");
    }
    lane(plain)
}
