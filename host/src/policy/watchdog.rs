//! Waits for a policy, and gives up when it exceeds a limit.
//!
//! The store limits what a policy holds in its memories and tables, but not the memory that the
//! host needs to compile it and to track its resources: a component of a few hundred bytes can
//! make the host allocate gigabytes. The waiting thread therefore watches the resident memory of
//! paude itself.

use std::fs::File;
use std::io::Read as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::limits::{Allowed, Limit};

/// The time between two measurements, in which memory can grow by a few dozen megabytes.
const PERIOD: Duration = Duration::from_millis(2);

/// Watches the time and the growth in resident memory of one policy.
pub(super) struct Watchdog {
    /// Resident bytes before the policy was loaded; `None` if growth is not limited.
    before: Option<usize>,
    /// Resident bytes when the current pause began.
    paused: Option<usize>,
    /// [`Allowed::growth`]
    growth: usize,
}

impl Watchdog {
    /// Starts to count growth. `file_bytes` are counted as well: the policy's file is already
    /// in memory.
    pub(super) fn new(allowed: Allowed, file_bytes: usize) -> Self {
        let now = (allowed.growth < usize::MAX).then(resident_bytes).flatten();
        let before = now.map(|bytes| bytes.saturating_sub(file_bytes));
        Self { before, paused: None, growth: allowed.growth }
    }

    /// Stops to count growth, while the policy has no call to execute.
    pub(super) fn pause(&mut self) {
        self.paused = self.before.and_then(|_| resident_bytes());
    }

    /// Counts growth again, if it was paused.
    pub(super) fn resume(&mut self) {
        let (Some(before), Some(paused)) = (self.before, self.paused) else { return };
        if let Some(now) = resident_bytes() {
            self.before = Some(before.saturating_add(now.saturating_sub(paused)));
        }
    }

    /// Waits for a value, and calls `tick` every few milliseconds meanwhile. Returns `None` if
    /// the sender is gone. Fails with `time_limit` after `time`, and with [`Limit::Growth`].
    pub(super) fn wait<T>(
        &self,
        receiver: &Receiver<T>,
        time: Duration,
        time_limit: Limit,
        mut tick: impl FnMut(),
    ) -> Result<Option<T>, Limit> {
        let start = Instant::now();
        loop {
            let left = time.saturating_sub(start.elapsed());
            match receiver.recv_timeout(left.min(PERIOD)) {
                Ok(value) => return Ok(Some(value)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(time_limit),
                Err(RecvTimeoutError::Timeout) => {
                    tick();
                    self.check_growth()?;
                }
            }
        }
    }

    fn check_growth(&self) -> Result<(), Limit> {
        let Some(before) = self.before else { return Ok(()) };
        match resident_bytes() {
            Some(now) if now.saturating_sub(before) > self.growth => {
                Err(Limit::Growth(self.growth))
            }
            _ => Ok(()),
        }
    }
}

/// Resident memory of this process, in bytes; `None` on systems without `/proc`.
fn resident_bytes() -> Option<usize> {
    status_bytes("VmRSS:")
}

/// Reads a size of this process, in bytes, from the line of the kernel's status file that starts
/// with `name`; `None` on systems without `/proc`.
pub(super) fn status_bytes(name: &str) -> Option<usize> {
    #[expect(clippy::disallowed_methods, reason = "a file of the kernel, not of the project")]
    let mut status = File::open("/proc/self/status").ok()?;
    // One read is enough, and faster: the kernel composes the whole text for each read.
    let mut text = [0; 4096];
    let length = status.read(&mut text).ok()?;
    let text = str::from_utf8(&text[..length]).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?.checked_mul(1024)
}
