//! The renderer of the built-in engine: a sandbox, and the equivalent `bwrap` command.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::{Argv, entry};
use crate::plan::Plan;
use crate::run_spec::RunSpec;

/// The variables that lead a tool to an environment of the host, which is hidden, or to the
/// interpreter of one. Of conda's there are more: all that begin with `CONDA_`.
const HOST_ENVIRONMENT: [&str; 8] = [
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "PIPENV_ACTIVE",
    "POETRY_ACTIVE",
    "PYTHONHOME",
    "UV_PROJECT_ENVIRONMENT",
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
];

/// Whether the built-in engine drops a variable of paude's own environment.
#[cfg(target_os = "linux")]
pub(crate) fn leads_to_host_environment(name: &std::ffi::OsStr) -> bool {
    HOST_ENVIRONMENT.iter().any(|other| name == *other)
        || name.as_encoded_bytes().starts_with(b"CONDA_")
}

/// The mounts and the command of the built-in engine. It mounts, in this order: the host's root
/// read-only, a private `/tmp`, `/proc` and `/dev`, the workspace, further directories, the
/// shadows. Any byte but NUL
/// is representable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The directory that is writable, at its own path; also the working directory.
    pub(crate) workspace: OsString,
    /// Whether that directory is read-only all the same, as on the host.
    pub(crate) read_only: bool,
    /// The directories that are shared besides it, each at its own path.
    pub(crate) further: Vec<FurtherMount>,
    pub(crate) shadows: Vec<ShadowMount>,
    /// Whether it has a network of its own, with nothing but loopback.
    pub(crate) no_network: bool,
    /// Variables set in addition to those of paude; the last of a name wins.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// The program, an absolute path, and its arguments.
    pub(crate) argv: Vec<OsString>,
}

/// A directory that is shared besides the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherMount {
    pub(crate) path: OsString,
    pub(crate) read_only: bool,
}

/// The mount that hides one directory, or that of the cache.
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
    let shadows = plan.all_shadows().enumerate();
    let shadows = shadows.map(|(index, shadow)| ShadowMount {
        target: shadow.target().as_os_str().to_owned(),
        source: spec.volumes.get(index).cloned(),
        size: shadow.size(),
    });
    let cache = spec.cache.iter().map(|source| ShadowMount {
        target: source.clone(),
        source: Some(source.clone()),
        size: None,
    });
    let further = plan.further().iter().map(|further| FurtherMount {
        path: further.plan.workspace().as_path().into(),
        read_only: further.read_only,
    });
    Sandbox {
        workspace: plan.workspace().as_path().into(),
        read_only: spec.read_only,
        further: further.collect(),
        shadows: shadows.chain(cache).collect(),
        no_network: spec.no_network,
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
        if self.no_network {
            args.push("--unshare-net".into());
        }
        let further = self.further.iter().map(|further| (&further.path, further.read_only));
        for (path, read_only) in std::iter::once((&self.workspace, self.read_only)).chain(further) {
            let bind = if read_only { "--ro-bind" } else { "--bind" };
            args.extend([bind.into(), path.clone(), path.clone()]);
        }
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
        for name in HOST_ENVIRONMENT {
            args.extend(["--unsetenv".into(), name.into()]);
        }
        for (name, value) in &self.env {
            args.extend(["--setenv".into(), name.clone(), value.clone()]);
        }
        args.extend(["--chdir".into(), self.workspace.clone(), "--".into()]);
        args.extend(self.argv.iter().cloned());
        Argv { program: "bwrap".into(), args }
    }
}
