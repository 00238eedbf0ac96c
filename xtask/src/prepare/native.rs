//! The built-in engine, which works where the kernel permits user namespaces.

use anyhow::{Context, Result, bail};

use super::lane::Lane;
use crate::process::{self, run_captured};

/// Checks that the lane's user may create the namespaces.
pub(crate) fn prepare(lane: Lane) -> Result<Lane> {
    if !cfg!(target_os = "linux") {
        bail!("the native engine needs Linux");
    }
    let mut unshare = lane.command("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "true"]);
    run_captured(&mut unshare).context("the kernel permits no user namespace")?;
    Ok(lane)
}

/// The same as a plain user, which only root can become.
pub(crate) fn prepare_as_user(lane: Lane) -> Result<Lane> {
    if !process::is_root() {
        bail!("only root can become another user; the lane `native` runs as a plain user already");
    }
    prepare(lane)
}
