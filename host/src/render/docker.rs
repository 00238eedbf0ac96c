//! The renderer of `docker run`.

use super::oci_cli::{Dialect, quote_field};
use super::{Render, Rendered, Unsupported};
use crate::engine::Engine;
use crate::plan::{Plan, Shadow};
use crate::run_spec::RunSpec;

pub(super) struct Docker;

impl Render for Docker {
    fn render(&self, plan: &Plan, spec: &RunSpec) -> Result<Rendered, Unsupported> {
        Dialect { engine: Engine::Docker, shadow, volume }.render(plan, spec)
    }
}

/// A shadow is an anonymous volume of the local driver, which can be a tmpfs with any options
/// and which `--rm` removes. A tmpfs of `--mount` is always noexec, and the path of `--tmpfs`
/// cannot contain a colon.
fn shadow(shadow: &Shadow, destination: &str) -> String {
    let destination = quote_field("destination", destination);
    let mut options = "mode=1777,nosuid,nodev".to_owned();
    if let Some(size) = shadow.size() {
        options.push_str(&format!(",size={size}"));
    }
    let options = quote_field("volume-opt=o", &options);
    format!(
        "type=volume,{destination},volume-opt=type=tmpfs,volume-opt=device=tmpfs,{options},volume-nocopy"
    )
}

/// `volume-nocopy` keeps docker from filling the volume with the image's files at that path.
fn volume(name: &str, destination: &str) -> String {
    let (source, destination) =
        (quote_field("source", name), quote_field("destination", destination));
    format!("type=volume,{source},{destination},volume-nocopy")
}
