//! The arguments of the script that is the container's first process.

use std::ffi::OsString;

use crate::plan::Plan;
use crate::run_spec::{GuardedDirectory, GuardedMount, RunSpec};
use crate::workspace::Identity;

/// Checks the project and its shadows, runs the setup, checks them again, runs the command.
pub(super) const SCRIPT: &str = include_str!("entry.sh");

/// The program that runs [`SCRIPT`].
pub(super) const SHELL: &str = "/bin/sh";

/// The arguments of [`SHELL`].
pub(super) fn args(plan: &Plan, spec: &RunSpec) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec![
        "-c".into(),
        SCRIPT.into(),
        "paude".into(),
        spec.setup.as_deref().unwrap_or_default().into(),
        primary_environment(plan),
        spec.volumes.len().to_string().into(),
        spec.variables.clone().into(),
    ];
    args.extend(identity_args(&spec.identity, spec.read_only));
    args.extend([spec.guarded.len(), spec.directories.len()].map(|n| n.to_string().into()));
    let workspace = GuardedMount::new(plan.target().as_path());
    for guarded in std::iter::once(&workspace).chain(&spec.guarded) {
        args.push(guarded.path.clone().into());
        args.push(guarded.mountinfo_path.clone());
    }
    for GuardedDirectory { mount, identity, read_only } in &spec.directories {
        args.extend([mount.path.clone().into(), mount.mountinfo_path.clone()]);
        args.extend(identity_args(identity, *read_only));
    }
    args.extend(spec.command.iter().cloned());
    args
}

/// What the script proves of a directory: its inode number, an entry of it, its access.
fn identity_args(identity: &Identity, read_only: bool) -> [OsString; 3] {
    [
        identity.inode.map(|inode| inode.to_string()).unwrap_or_default().into(),
        identity.witness.clone().unwrap_or_default(),
        if read_only { "ro" } else { "" }.into(),
    ]
}

/// The environment whose `bin` comes first on PATH in the container; empty if there is none.
pub(crate) fn primary_environment(plan: &Plan) -> OsString {
    let primary = plan.primary().filter(|shadow| !shadow.target().divides_path());
    primary.map(|shadow| shadow.target().as_os_str().to_owned()).unwrap_or_default()
}
