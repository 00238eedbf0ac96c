//! Waiting for a program, but not for ever: a hung daemon hangs its client.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(10);

/// Waits for a child. One that takes longer is killed: `None`.
pub(super) fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    while started.elapsed() < patience {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(PAUSE),
            Ok(status) => return status,
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
