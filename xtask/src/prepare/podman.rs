//! podman, as root and as a plain user.

use std::os::unix::fs::chown;

use anyhow::{Context, Result, bail};

use super::containers_conf::Home;
use super::lanes::Lane;
use crate::place::{self, Place};
use crate::process::{self, quietly, which};

/// podman as root.
pub(crate) fn rootful(place: &Place, mut lane: Lane) -> Result<Lane> {
    installed()?;
    if !process::is_root() {
        bail!("only root can run podman rootful");
    }
    let home = Home {
        conf: place.at("podman"),
        storage: place.at("podman/storage"),
        run: place.runtime()?.join("podman"),
        rootful: true,
    };
    home.configure(&mut lane)?;
    Ok(lane)
}

/// podman as the lane's user, or as ourselves when we are a plain user.
pub(crate) fn rootless(place: &Place, mut lane: Lane) -> Result<Lane> {
    installed()?;
    if which("newuidmap").is_none() {
        bail!("rootless podman needs newuidmap");
    }
    let home = match &lane.user {
        Some(person) => person.home.clone(),
        None => {
            std::env::home_dir().context("no home directory for the images of rootless podman")?
        }
    };
    // Not below the checkout: its files belong to ids which only podman's own `unshare` can remove.
    let cache = home.join(".cache").join(place.key());
    quietly(lane.program("mkdir").arg("-p").arg(&cache))?;
    let runtime = place.runtime()?.join("rootless");
    place::make_dir(&runtime)?;
    if let Some(person) = &lane.user {
        chown(&runtime, Some(person.uid), Some(person.gid))?;
    }
    quietly(lane.program("chmod").arg("700").arg(&cache).arg(&runtime))?;
    let home = Home {
        conf: place.runtime()?.join("rootless.conf"),
        storage: cache.join("storage"),
        run: runtime.join("podman"),
        rootful: false,
    };
    home.configure(&mut lane)?;
    lane.env.insert("XDG_RUNTIME_DIR", runtime.display().to_string());
    Ok(lane)
}

fn installed() -> Result<()> {
    match which("podman") {
        Some(_) => Ok(()),
        None => bail!("podman is not installed"),
    }
}
