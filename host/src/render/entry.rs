//! The arguments of the script that is the container's first process.

use std::ffi::OsString;

use crate::plan::Plan;
use crate::run_spec::{GuardedDirectory, GuardedMount, RunSpec};
use crate::workspace::Identity;

/// Checks the project and its shadows, runs the setup, checks them again, runs the command.
pub(super) const SCRIPT: &str = concat!(include_str!("command.sh"), include_str!("entry.sh"));

/// The program that runs [`SCRIPT`].
pub(crate) const SHELL: &str = "/bin/sh";

/// How [`SCRIPT`] starts the command: in a child process, as paude signals each process itself.
const START_CHILD: &str = "(shift \"$paude_checked\"; start_command \"$@\")\n";

/// [`SCRIPT`] for tools that signal the first process only: the command replaces the shell.
pub(crate) fn replacing_script() -> String {
    let (checks, _) = SCRIPT.rsplit_once(START_CHILD).expect("the script starts the command");
    format!("{checks}shift \"$paude_checked\"\nstart_command \"$@\"\n")
}

/// What the shadows that are not volumes are to the script's check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GuardKind {
    /// A tmpfs of its own for each, which is empty.
    Tmpfs,
    /// A tmpfs that may hold something.
    Shared,
    /// An empty mount of any type.
    Empty,
}

/// The arguments of [`SHELL`].
pub(super) fn args(plan: &Plan, spec: &RunSpec) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["-c".into(), SCRIPT.into(), "paude".into()];
    let ScriptArgs { settings, paths } =
        script_args(plan, spec, spec.volumes.len(), GuardKind::Tmpfs);
    args.extend(settings);
    args.extend(paths.into_iter().flatten());
    args.extend(spec.command.iter().cloned());
    args
}

/// The arguments of the script, without the command.
#[derive(Debug)]
pub(crate) struct ScriptArgs {
    /// The setup, what is known of the shadows and the project, and how many paths follow.
    pub(crate) settings: Vec<OsString>,
    /// What belongs to the project, each shadow and each further directory.
    pub(crate) paths: Vec<Vec<OsString>>,
}

/// The arguments for a container in which the first shadows, `volumes` of them, are volumes, and
/// the others of this kind.
pub(crate) fn script_args(
    plan: &Plan,
    spec: &RunSpec,
    volumes: usize,
    kind: GuardKind,
) -> ScriptArgs {
    let all = spec.guarded.len();
    let mut settings: Vec<OsString> = vec![
        spec.setup.as_deref().unwrap_or_default().into(),
        on_path(plan),
        match kind {
            GuardKind::Tmpfs => volumes.to_string(),
            GuardKind::Shared => format!("{volumes} {all}"),
            GuardKind::Empty => format!("{all} {volumes}"),
        }
        .into(),
        spec.variables.clone().into(),
    ];
    settings.extend(identity_args(&spec.identity, spec.read_only));
    settings.extend([all, spec.directories.len()].map(|n| n.to_string().into()));
    let workspace = GuardedMount::new(plan.target().as_path());
    let mut paths: Vec<Vec<OsString>> =
        std::iter::once(&workspace).chain(&spec.guarded).map(mount_args).collect();
    for GuardedDirectory { mount, identity, read_only } in &spec.directories {
        paths.push([&mount_args(mount)[..], &identity_args(identity, *read_only)].concat());
    }
    ScriptArgs { settings, paths }
}

/// A mount point, as it is and as the kernel spells it.
fn mount_args(mount: &GuardedMount) -> Vec<OsString> {
    vec![mount.path.clone().into(), mount.mountinfo_path.clone()]
}

/// What the script proves of a directory: its inode number, an entry of it, its access.
fn identity_args(identity: &Identity, read_only: bool) -> [OsString; 3] {
    [
        identity.inode.map(|inode| inode.to_string()).unwrap_or_default().into(),
        identity.witness.clone().unwrap_or_default(),
        if read_only { "ro" } else { "" }.into(),
    ]
}

/// What comes first on PATH in the container: the environment whose `bin` does, or nothing; then,
/// each after a `:`, directories of programs.
pub(crate) fn on_path(plan: &Plan) -> OsString {
    let primary = plan.primary().filter(|shadow| !shadow.target().divides_path());
    let environment = primary.map(|shadow| shadow.target().as_os_str().to_owned());
    plan.program_dirs().fold(environment.unwrap_or_default(), |mut text, dir| {
        text.push(":");
        text.push(dir.as_os_str());
        text
    })
}
