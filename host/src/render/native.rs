//! The renderer of the built-in engine: a sandbox, and the equivalent `bwrap` command.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::{Argv, entry};
use crate::plan::Plan;
use crate::run_spec::RunSpec;

/// The mounts and the command of the built-in engine. It mounts, in this order: the host's root
/// read-only, a private `/tmp`, `/proc` and `/dev`, the workspace, the shadows. Any byte but NUL
/// is representable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The directory that is writable, at its own path; also the working directory.
    pub(crate) workspace: OsString,
    /// Whether that directory is read-only all the same, as on the host.
    pub(crate) read_only: bool,
    pub(crate) shadows: Vec<ShadowMount>,
    /// Variables set in addition to those of paude; the last of a name wins.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// The program, an absolute path, and its arguments.
    pub(crate) argv: Vec<OsString>,
}

/// The mount that hides one directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowMount {
    /// The mount point.
    pub(crate) target: OsString,
    /// The directory that is bound there; `None` for an empty tmpfs.
    pub(crate) source: Option<OsString>,
    /// The size limit of a tmpfs in bytes.
    pub(crate) size: Option<u64>,
}

/// Renders a checked plan; there is nothing that it cannot represent.
pub(super) fn sandbox(plan: &Plan, spec: &RunSpec) -> Sandbox {
    let mut argv = vec![entry::SHELL.into()];
    argv.extend(entry::args(plan, spec));
    // The user's home directory is read-only, and caches need a writable directory.
    let mut env: Vec<(OsString, OsString)> = vec![("XDG_CACHE_HOME".into(), "/tmp/.cache".into())];
    env.extend(spec.env.iter().map(|(name, value)| (name.into(), value.into())));
    let shadows = plan.shadows().iter().enumerate();
    let shadows = shadows.map(|(index, shadow)| ShadowMount {
        target: shadow.target().as_os_str().to_owned(),
        source: spec.volumes.get(index).cloned(),
        size: shadow.size(),
    });
    Sandbox {
        workspace: plan.workspace().as_path().into(),
        read_only: spec.read_only,
        shadows: shadows.collect(),
        env,
        argv,
    }
}

impl Sandbox {
    /// The equivalent `bwrap` command. bwrap mounts in the order of its options, so the shadows
    /// come after the workspace.
    pub(super) fn bwrap(&self) -> Argv {
        let mut args: Vec<OsString> =
            ["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--die-with-parent"]
                .into_iter()
                .chain([
                    "--ro-bind",
                    "/",
                    "/",
                    "--dev",
                    "/dev",
                    "--proc",
                    "/proc",
                    "--perms",
                    "1777",
                    "--tmpfs",
                    "/tmp",
                ])
                .map(OsString::from)
                .collect();
        let bind = if self.read_only { "--ro-bind" } else { "--bind" };
        args.extend([bind.into(), self.workspace.clone(), self.workspace.clone()]);
        for ShadowMount { target, source, size } in &self.shadows {
            if let Some(source) = source {
                args.extend(["--bind".into(), source.clone(), target.clone()]);
                continue;
            }
            if let Some(size) = size {
                args.extend(["--size".into(), size.to_string().into()]);
            }
            args.extend(["--tmpfs".into(), target.clone()]);
        }
        args.extend(["--unsetenv".into(), "VIRTUAL_ENV".into()]);
        for (name, value) in &self.env {
            args.extend(["--setenv".into(), name.clone(), value.clone()]);
        }
        args.extend(["--chdir".into(), self.workspace.clone(), "--".into()]);
        args.extend(self.argv.iter().cloned());
        Argv { program: "bwrap".into(), args }
    }
}
