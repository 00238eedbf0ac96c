//! `podman run`.

use super::oci_cli::{Dialect, quoted};
use super::{Engine, Job, Render, Rendered, Unsupported};
use crate::plan::{Plan, Shadow};

pub(super) struct Podman;

impl Render for Podman {
    fn render(&self, plan: &Plan, job: &Job) -> Result<Rendered, Unsupported> {
        let detach_keys = "--detach-keys=";
        Dialect { engine: Engine::Podman, shadow, volume, detach_keys }.render(plan, job)
    }
}

/// Without `notmpcopyup` podman fills the tmpfs with a copy of the host's
/// environment. `U` gives it to the container's user: runc before 1.1.8 ignores
/// the mode where the mount point exists.
fn shadow(shadow: &Shadow, destination: &str) -> String {
    let destination = quoted("destination", destination);
    let mut mount = format!("type=tmpfs,{destination},notmpcopyup,U,tmpfs-mode=1777");
    if let Some(size) = shadow.size() {
        mount.push_str(&format!(",tmpfs-size={size}"));
    }
    mount
}

/// podman copies what the image has at that place at a volume's first use alone, and
/// that was elsewhere: when it was made.
fn volume(name: &str, destination: &str) -> String {
    format!("type=volume,{},{}", quoted("source", name), quoted("destination", destination))
}
