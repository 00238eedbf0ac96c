//! The processes and mounts of a build, as the kernel shows them in `/proc` (proc(5)).

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// The most processes that are looked at.
const MAX_PROCESSES: usize = 10_000;

/// Kills the descendants of a process that are in a PID namespace of their own: what runs in a
/// container. Returns whether there was one.
pub(super) fn kill_contained(root: Pid) -> bool {
    let mut pending = vec![root.as_raw_nonzero().get()];
    let mut found = false;
    let mut seen = 0;
    while let Some(pid) = pending.pop() {
        seen += 1;
        if seen > MAX_PROCESSES {
            break;
        }
        pending.extend(children(pid));
        if pid != root.as_raw_nonzero().get()
            && is_contained(pid)
            && let Some(pid) = Pid::from_raw(pid)
        {
            found = true;
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    found
}

/// The children of all threads of a process; none where the kernel does not list them.
fn children(pid: i32) -> Vec<i32> {
    #[expect(clippy::disallowed_methods, reason = "a directory of the kernel")]
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
    let lists = threads.filter_map(|thread| read(&thread.ok()?.path().join("children")));
    let mut found = Vec::new();
    for list in lists {
        found.extend(list.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    found
}

/// Whether a process has a number in an inner namespace besides the one by which it is known here.
fn is_contained(pid: i32) -> bool {
    let status = read(Path::new(&format!("/proc/{pid}/status"))).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_whitespace().count() > 1)
}

/// Whether something is mounted at or below a directory.
pub(super) fn has_mount_below(dir: &Path) -> bool {
    let mounts = read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
    let dir = String::from_utf8_lossy(dir.as_os_str().as_bytes()).into_owned();
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    points.into_iter().any(|point| Path::new(point).starts_with(&dir))
}

#[expect(clippy::disallowed_methods, reason = "a file of the kernel, not of the project")]
fn read(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
