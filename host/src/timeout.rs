//! Waits for programs with a timeout: a hung daemon hangs its client.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The timeout of a query that needs no network.
pub(crate) const QUERY: Duration = Duration::from_secs(10);

const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Waits for a child; kills it and returns `None` if it takes longer than `timeout`.
pub(crate) fn wait_timeout(child: &mut Child, timeout: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(None) if started.elapsed() < timeout => std::thread::sleep(POLL_INTERVAL),
            Ok(Some(status)) => return Some(status),
            Ok(None) | Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Runs a program; returns whether it succeeded and what it printed on stdout.
///
/// Only for short output: it goes through a pipe, and a program blocks once that is full.
/// [`crate::engine::query()`] uses files instead, but removing a container must work on a full disk
/// too.
///
/// `dir` is the program's working directory: `.` where an engine's settings may have paths
/// relative to paude's own; `/` where the workspace may no longer exist.
pub(crate) fn run_captured(
    program: &str,
    args: &[&str],
    dir: &str,
    timeout: Duration,
) -> io::Result<(bool, String)> {
    #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
    let mut client = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let ok = wait_timeout(&mut client, timeout).is_some_and(|status| status.success());
    let mut stdout = client.stdout.take().expect("piped");
    // Without blocking, as a process that the program left behind may hold the other end open.
    rustix::io::ioctl_fionbio(&stdout, true)?;
    let mut output = Vec::new();
    let _ = stdout.read_to_end(&mut output);
    Ok((ok, String::from_utf8_lossy(&output).into_owned()))
}
