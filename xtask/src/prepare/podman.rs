//! podman, as root and as a plain user.

use anyhow::{Result, bail};

use super::containers_conf::PodmanDirs;
use super::lane::Lane;
use super::test_user;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, which};

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
    let cache = test_user::cache_dir(checkout, &lane)?;
    let runtime = checkout.runtime_dir()?.join("rootless");
    files::create_dir(&runtime)?;
    test_user::give(&lane, &runtime)?;
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
