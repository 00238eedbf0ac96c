//! Noticing that a shadow was lost while the container runs.
//!
//! Whoever removes or renames a mount point on the host (`rm -rf .venv`, a tool that
//! makes it anew) takes the container's mount away, in every engine: from then on the
//! container writes into the host's new directory. So the mounts are looked at while
//! it runs, from outside where `/proc` shows them, else from inside.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::patience;
use crate::error::Error;
use crate::escape::shown_path;
use crate::render::{Engine, Guarded};

/// How often the mounts are looked at.
const EVERY: Duration = Duration::from_millis(400);

/// What is watched: the shadows of one container.
#[derive(Clone, Debug)]
pub(super) struct Watch(pub(super) Vec<Guarded>);

impl Watch {
    /// The error that ends a run whose shadow is gone.
    pub(super) fn error(path: &Path) -> Error {
        let path = shown_path(path);
        Error::guard(format!("`{path}` is no longer hidden; the container was stopped"))
            .hint("something removed or renamed it on the host while the container ran")
    }

    /// Looks until a shadow of the process is gone, and says which. `None` when the
    /// process has ended, or if its mounts cannot be seen from here. The caller knows that
    /// they were all there.
    pub(super) fn outside(&self, pid: u32) -> Option<PathBuf> {
        loop {
            if let Some(lost) = self.lost(pid)? {
                return Some(lost);
            }
            std::thread::sleep(EVERY);
        }
    }

    /// Whether one is missing now; `None` if the mounts cannot be read.
    #[expect(clippy::disallowed_methods, reason = "reads the mounts of the container")]
    fn lost(&self, pid: u32) -> Option<Option<PathBuf>> {
        use std::os::unix::ffi::OsStrExt as _;
        let text = std::fs::read(format!("/proc/{pid}/mountinfo")).ok()?;
        let points: std::collections::HashSet<&[u8]> = text
            .split(|&byte| byte == b'\n')
            .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
            .collect();
        if points.is_empty() {
            return None;
        }
        let gone = |guarded: &&Guarded| !points.contains(guarded.spelling.as_bytes());
        Some(self.0.iter().find(gone).map(|guarded| guarded.path.clone()))
    }

    /// The same for a container of an engine.
    pub(super) fn container(&self, engine: Engine, name: &str) -> Option<PathBuf> {
        if self.0.is_empty() {
            return None;
        }
        let pid = loop {
            std::thread::sleep(EVERY);
            // It may still be pulling its image.
            if let Some(pid) = pid(engine, name) {
                break pid;
            }
        };
        if cfg!(target_os = "linux") && self.lost(pid).is_some_and(|lost| lost.is_none()) {
            return self.outside(pid);
        }
        self.inside(engine, name)
    }

    /// One process in the container that looks; nothing is lost if it cannot.
    fn inside(&self, engine: Engine, name: &str) -> Option<PathBuf> {
        #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
        let status = Command::new(engine.to_string())
            .args([
                "exec",
                "--workdir",
                "/",
                name,
                "/bin/sh",
                "-c",
                include_str!("watch.sh"),
                "paude",
            ])
            .args(self.0.iter().map(|guarded| &guarded.spelling))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        (status.ok()?.code()? == 120).then(|| self.0[0].path.clone())
    }
}

/// The container's first process, as this machine numbers it.
fn pid(engine: Engine, name: &str) -> Option<u32> {
    let args = ["inspect", "--type", "container", "--format", "{{.State.Pid}}", name];
    let (_, text) = patience::words(&engine.to_string(), &args, ".", patience::ANSWER).ok()?;
    text.trim().parse().ok().filter(|&pid| pid > 0)
}
