//! podman, as root and as a plain user.

use std::os::unix::fs::chown;

use anyhow::{Context, Result, bail};

use super::containers_conf::PodmanDirs;
use super::lane::Lane;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, run_captured, which};

/// Configures podman for root.
pub(crate) fn prepare_rootful(checkout: &Checkout, mut lane: Lane) -> Result<Lane> {
    check_installed()?;
    if !process::is_root() {
        bail!("only root can run podman rootful");
    }
    let dirs = PodmanDirs {
        conf: checkout.setup_path("podman"),
        // podman keeps the absolute paths of its directories in there, and would use those of another checkout if this
        // one is a copy of it.
        storage: checkout.setup_path("podman").join(checkout.key()),
        run: checkout.runtime_dir()?.join("podman"),
        rootful: true,
    };
    dirs.configure(&mut lane)?;
    Ok(lane)
}

/// Configures podman for the lane's user, or for ourselves if we are a plain user.
pub(crate) fn prepare_rootless(checkout: &Checkout, mut lane: Lane) -> Result<Lane> {
    check_installed()?;
    if which("newuidmap").is_none() {
        bail!("rootless podman needs newuidmap");
    }
    let home = match &lane.user {
        Some(user) => user.home.clone(),
        None => {
            std::env::home_dir().context("no home directory for the images of rootless podman")?
        }
    };
    // Not below the checkout: the files belong to ids that only podman's own `unshare` can remove.
    let cache = home.join(".cache").join(checkout.key());
    run_captured(lane.command("mkdir").arg("-p").arg(&cache))?;
    let runtime = checkout.runtime_dir()?.join("rootless");
    files::create_dir(&runtime)?;
    if let Some(user) = &lane.user {
        chown(&runtime, Some(user.uid), Some(user.gid))?;
    }
    run_captured(lane.command("chmod").arg("700").arg(&cache).arg(&runtime))?;
    let dirs = PodmanDirs {
        conf: checkout.runtime_dir()?.join("rootless.conf"),
        storage: cache.join("storage"),
        run: runtime.join("podman"),
        rootful: false,
    };
    dirs.configure(&mut lane)?;
    lane.env.insert("XDG_RUNTIME_DIR", runtime.display().to_string());
    Ok(lane)
}

fn check_installed() -> Result<()> {
    match which("podman") {
        Some(_) => Ok(()),
        None => bail!("podman is not installed"),
    }
}
