//! The built-in engine: a list of things to set up, and the same as a `bwrap` command.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use super::{Argv, Job, Render, Rendered, Unsupported, entry};
use crate::plan::Plan;

/// What the built-in engine sets up, in this order: the host's root read-only, a
/// private `/tmp`, `/proc` and `/dev`, the workspace, the shadows. Any bytes go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// Shared and writable, at its own path; also the working directory.
    pub workspace: OsString,
    /// What lies over what is hidden.
    pub shadows: Vec<Cover>,
    /// Variables set over the person's own; a later one wins.
    pub env: Vec<(OsString, OsString)>,
    /// The program, an absolute path, and its arguments.
    pub argv: Vec<OsString>,
}

/// What lies over one hidden directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// The mount point.
    pub target: OsString,
    /// The directory that is bound there; none means an empty tmpfs.
    pub source: Option<OsString>,
    /// The size limit of a tmpfs in bytes.
    pub size: Option<u64>,
}

pub(super) struct Native;

impl Render for Native {
    fn render(&self, plan: &Plan, job: &Job) -> Result<Rendered, Unsupported> {
        let mut argv = vec![entry::SHELL.into()];
        argv.extend(entry::args(plan, job));
        // HOME is the person's own and read-only; caches need a place that is not.
        let mut env: Vec<(OsString, OsString)> =
            vec![("XDG_CACHE_HOME".into(), "/tmp/.cache".into())];
        env.extend(job.env.iter().map(|(name, value)| (name.into(), value.into())));
        Ok(Rendered::Sandbox(Sandbox {
            workspace: plan.workspace().as_path().into(),
            shadows: plan
                .shadows()
                .iter()
                .enumerate()
                .map(|(at, shadow)| Cover {
                    target: shadow.target().as_os_str().to_owned(),
                    source: job.volumes.get(at).cloned(),
                    size: shadow.size(),
                })
                .collect(),
            env,
            argv,
        }))
    }
}

impl Sandbox {
    /// The `bwrap` command that does the same: order matters there too, so the
    /// shadows come after the workspace.
    pub fn bwrap(&self) -> Argv {
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
        args.extend(["--bind".into(), self.workspace.clone(), self.workspace.clone()]);
        for Cover { target, source, size } in &self.shadows {
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
