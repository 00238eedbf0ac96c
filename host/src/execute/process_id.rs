//! Recognises a process by the kernel's word, and not by a number that could be reused.

use serde::{Deserialize, Serialize};

/// The kernel's flag of a process that is ending, `PF_EXITING`: what it contained is killed, but
/// it may still be listed.
const EXITING: u64 = 4;

/// A process of this machine: its number, and the time at which it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: u32,
    /// In ticks since the machine started (proc(5)); 0 where there is no `/proc`.
    started: u64,
}

impl ProcessId {
    /// The process with this number now; `None` if there is none.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        if !cfg!(target_os = "linux") {
            return Some(Self { pid, started: 0 });
        }
        Some(Self { pid, started: field(&stat(pid)?, 22)? })
    }

    /// paude's own process.
    pub(crate) fn own() -> Self {
        let pid = std::process::id();
        Self::of(pid).unwrap_or(Self { pid, started: 0 })
    }

    /// Whether it still runs, and is not about to end.
    pub(crate) fn is_running(self) -> bool {
        let running = || {
            let stat = stat(self.pid)?;
            let ends = ["Z", "X"].contains(&word(&stat, 3)?) || field(&stat, 9)? & EXITING != 0;
            Some(field(&stat, 22)? == self.started && !ends)
        };
        !cfg!(target_os = "linux") || running().unwrap_or(false)
    }

    /// The number of its parent; `None` if it has ended.
    #[cfg(target_os = "linux")]
    pub(super) fn parent(self) -> Option<u64> {
        let stat = stat(self.pid)?;
        (field(&stat, 22)? == self.started).then(|| field(&stat, 4)).flatten()
    }

    /// The user that it runs as; `None` if it has ended.
    #[cfg(target_os = "linux")]
    pub(super) fn user(self) -> Option<u32> {
        #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        ids.split_whitespace().next()?.parse().ok()
    }

    /// The processes that it started and that still run.
    pub(crate) fn children(self) -> Vec<u32> {
        children(self.pid)
    }

    /// The arguments of a process; empty if it has ended or cannot be seen.
    pub(crate) fn arguments(pid: u32) -> Vec<Vec<u8>> {
        #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
        let mut text = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        text.pop_if(|byte| *byte == 0);
        text.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect()
    }
}

/// The processes that a process started and that still run.
pub(super) fn children(pid: u32) -> Vec<u32> {
    #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    text.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// A process's line in `/proc`, from the third field on: the second, its name, may hold anything.
fn stat(pid: u32) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a file of the kernel")]
    let bytes = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    Some(String::from_utf8_lossy(&bytes).rsplit_once(") ")?.1.to_owned())
}

/// A field, by its number in proc(5).
fn field(stat: &str, number: usize) -> Option<u64> {
    word(stat, number)?.parse().ok()
}

fn word(stat: &str, number: usize) -> Option<&str> {
    stat.split(' ').nth(number - 3)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_recognised_until_it_has_ended() {
        let own = ProcessId::own();
        assert!(own.is_running());
        assert_eq!(own.user(), Some(rustix::process::geteuid().as_raw()));
        let later = ProcessId { started: own.started + 1, ..own };
        assert!(!later.is_running());
        #[expect(clippy::disallowed_methods, reason = "a process of the test")]
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = ProcessId::of(child.id()).unwrap();
        assert!(id.is_running());
        assert_eq!(id.parent(), Some(u64::from(own.pid)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!id.is_running());
    }
}
