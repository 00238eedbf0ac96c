//! The last check of each mount point before an engine mounts there.

use std::io;
use std::time::Duration;

use cap_std::fs::File;

use super::directory::{self, LockOutcome};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::plan::{Plan, Shadow};
use crate::workspace::{PathState, Workspace};

/// How often, and how long apart, to try a directory that another run is removing.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Checks one mount point again, creates it with `create` if it is missing, and locks it if it is
/// empty. Fails if it leads elsewhere than when the plan was checked, and after the deadline.
pub(super) fn lock(
    workspace: &Workspace,
    plan: &Plan,
    shadow: &Shadow,
    deadline: Deadline,
    create: impl Fn(&RelPath) -> Result<()>,
) -> Result<Option<File>> {
    let path = shadow.path();
    let fail = |error: io::Error| {
        Error::failed(format!("cannot hide `{}`: {error}", shown(path.as_str())))
    };
    let inside = plan.is_inside(shadow);
    for _ in 0..TRIES {
        check_time(deadline)?;
        match workspace.inspect_path_while(path, || !deadline.is_over()) {
            Ok(PathState::Directory(real)) if inside && real == *path => {
                match directory::lock(workspace.dir(), path).map_err(fail)? {
                    LockOutcome::Locked(dir) => return Ok(Some(dir)),
                    LockOutcome::NotNeeded => return Ok(None),
                    LockOutcome::BeingRemoved => std::thread::sleep(PAUSE),
                }
            }
            // Also if it existed during the check: another run had created it and has ended.
            Ok(PathState::Missing(missing)) if inside && missing.last() == path => {
                missing.iter().try_for_each(|path| {
                    check_time(deadline)?;
                    create(&path)
                })?;
            }
            Ok(PathState::Outside) if !inside && leads_to(workspace, path, shadow) => {
                return Ok(None);
            }
            Err(error) => return Err(fail(error)),
            _ => break,
        }
    }
    Err(replaced(&shown(path.as_str())))
}

/// Whether a link out of the workspace still leads to the shadow's target.
fn leads_to(workspace: &Workspace, path: &RelPath, shadow: &Shadow) -> bool {
    workspace
        .follow_outside(path)
        .is_ok_and(|(real, marker)| marker.is_some() && real.as_path() == shadow.target().as_path())
}

fn check_time(deadline: Deadline) -> Result<()> {
    if !deadline.is_over() {
        return Ok(());
    }
    let seconds = deadline.time().as_secs();
    Err(Error::failed(format!(
        "finding the environments and preparing their mount points took more than {seconds} s; \
         nothing was started"
    ))
    .hint("--policy-timeout SECONDS raises the limit"))
}

/// The error for a path that leads elsewhere than when the plan was checked.
pub(super) fn replaced(path: &str) -> Error {
    Error::failed(format!("`{path}` was replaced after paude checked it"))
        .hint("nothing was started; run it again")
}
