//! `docker run`.

use super::oci_cli::{Dialect, quoted};
use super::{Engine, Job, Render, Rendered, Unsupported};
use crate::plan::{Plan, Shadow};

pub(super) struct Docker;

impl Render for Docker {
    fn render(&self, plan: &Plan, job: &Job) -> Result<Rendered, Unsupported> {
        // An empty value would mean docker's default, ctrl-p ctrl-q; nobody types this one.
        let detach_keys = "--detach-keys=ctrl-@,ctrl-@,ctrl-@,ctrl-@";
        Dialect { engine: Engine::Docker, shadow, volume, detach_keys }.render(plan, job)
    }
}

/// docker's own tmpfs mounts are noexec with no way to change it in `--mount`, and
/// `--tmpfs` cannot hold a colon. An anonymous volume of the local driver can be a
/// tmpfs with any options; `--rm` removes it.
fn shadow(shadow: &Shadow, destination: &str) -> String {
    let destination = quoted("destination", destination);
    let mut options = "mode=1777,nosuid,nodev".to_owned();
    if let Some(size) = shadow.size() {
        options.push_str(&format!(",size={size}"));
    }
    let options = quoted("volume-opt=o", &options);
    format!(
        "type=volume,{destination},volume-opt=type=tmpfs,volume-opt=device=tmpfs,{options},volume-nocopy"
    )
}

/// What the image has at that place is not copied into it.
fn volume(name: &str, destination: &str) -> String {
    let (source, destination) = (quoted("source", name), quoted("destination", destination));
    format!("type=volume,{source},{destination},volume-nocopy")
}
