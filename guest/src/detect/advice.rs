//! Where an environment that is made in the container would land on the host.

use super::collector::Collector;
use super::names::VENV;
use super::walk::Project;
use crate::path::{join, quoted};
use alloc::format;
use alloc::string::ToString;

/// Warns about each project without an environment, with the option that reserves one.
pub(super) fn unmade(projects: &[Project], collector: &mut Collector) {
    let none_at_all = collector.is_empty();
    let missing: alloc::vec::Vec<_> =
        projects.iter().filter(|project| !collector.has_environment_in(project)).collect();
    for project in missing {
        let venv = join(&project.path, VENV);
        let state = match none_at_all && project.path.is_empty() {
            true => "this Python project has no environment yet: ",
            false => "",
        };
        let what = match project.command {
            Some(command) => format!("`{command}` in the container would make `{venv}`"),
            None => "an environment made in the container would land".to_string(),
        };
        let option = format!("`--venv auto --venv {}`", quoted(&venv));
        collector.warn(
            &project.path,
            &format!("{state}{what} on this machine; {option} reserves its place"),
        );
    }
}
