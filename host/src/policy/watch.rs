//! Waiting for a policy, and walking away when it takes too much.
//!
//! The store counts what a policy holds in its memories and tables. What it costs
//! to compile, or to keep books of its resources, nothing counts: a component of a
//! few hundred bytes can ask for gigabytes. So the caller looks at its own size
//! while it waits.

use std::fs::File;
use std::io::Read as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::limits::{Allowed, Limit};

/// Between two looks, memory can grow by a few dozen megabytes.
const PERIOD: Duration = Duration::from_millis(2);

/// How large paude was before the policy came.
pub(super) struct Watch {
    before: Option<usize>,
    /// How large it was when the policy was last left idle.
    paused: Option<usize>,
    growth: usize,
}

impl Watch {
    /// From now on; what the policy's file takes is counted too.
    pub(super) fn new(allowed: Allowed, file: usize) -> Self {
        let now = (allowed.growth < usize::MAX).then(resident).flatten();
        let before = now.map(|bytes| bytes.saturating_sub(file));
        Self { before, paused: None, growth: allowed.growth }
    }

    /// What paude grows by from here on is not the policy's.
    pub(super) fn pause(&mut self) {
        self.paused = self.before.and_then(|_| resident());
    }

    /// The end of a pause, if there was one.
    pub(super) fn resume(&mut self) {
        let (Some(before), Some(paused)) = (self.before, self.paused) else { return };
        if let Some(now) = resident() {
            self.before = Some(before.saturating_add(now.saturating_sub(paused)));
        }
    }

    /// What arrives within `time`, or `late`. `None` if the sender is gone. Calls `each`
    /// now and then.
    pub(super) fn wait<T>(
        &self,
        receiver: &Receiver<T>,
        time: Duration,
        late: Limit,
        mut each: impl FnMut(),
    ) -> Result<Option<T>, Limit> {
        let start = Instant::now();
        loop {
            let left = time.saturating_sub(start.elapsed());
            match receiver.recv_timeout(left.min(PERIOD)) {
                Ok(value) => return Ok(Some(value)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(late),
                Err(RecvTimeoutError::Timeout) => {
                    each();
                    self.look()?;
                }
            }
        }
    }

    fn look(&self) -> Result<(), Limit> {
        let Some(before) = self.before else { return Ok(()) };
        match resident() {
            Some(now) if now.saturating_sub(before) > self.growth => {
                Err(Limit::Growth(self.growth))
            }
            _ => Ok(()),
        }
    }
}

/// The process's resident memory in bytes, where the system tells it in a file.
fn resident() -> Option<usize> {
    #[expect(clippy::disallowed_methods, reason = "not a file, but the kernel's word on paude")]
    let mut status = File::open("/proc/self/status").ok()?;
    // The kernel makes the text anew for each read: one has to do.
    let mut text = [0; 4096];
    let length = status.read(&mut text).ok()?;
    let text = str::from_utf8(&text[..length]).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?.checked_mul(1024)
}
