//! The renderer of `podman run`.

use super::oci_cli::{Dialect, quote_field};
use super::{Render, Rendered, Unsupported};
use crate::engine::Engine;
use crate::plan::{Plan, Shadow};
use crate::run_spec::RunSpec;

pub(super) struct Podman;

impl Render for Podman {
    fn render(&self, plan: &Plan, spec: &RunSpec) -> Result<Rendered, Unsupported> {
        Dialect { engine: Engine::Podman, shadow, volume }.render(plan, spec)
    }
}

/// Without `notmpcopyup` podman fills the tmpfs with a copy of the host's environment. `U` makes
/// the container's user its owner, as runc before 1.1.8 ignores the mode of an existing mount
/// point.
fn shadow(shadow: &Shadow, destination: &str) -> String {
    let destination = quote_field("destination", destination);
    let mut mount = format!("type=tmpfs,{destination},notmpcopyup,U,tmpfs-mode=1777");
    if let Some(size) = shadow.size() {
        mount.push_str(&format!(",tmpfs-size={size}"));
    }
    mount
}

/// It needs no option against copying: podman fills a volume with the image's files only at its
/// first use, which was at another path, when paude created it.
fn volume(name: &str, destination: &str) -> String {
    format!(
        "type=volume,{},{}",
        quote_field("source", name),
        quote_field("destination", destination)
    )
}
