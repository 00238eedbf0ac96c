//! Waiting for a program, but not for ever: a hung daemon hangs its client.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a short answer may take.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

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

/// Has a program say a few words on stdout: whether it did as it was told, and the words.
/// What may be long goes into files ([`super::ask`]), as a pipe that is full makes a
/// program wait; but files need a place, and a container has to be removed without one.
///
/// It is started in `dir`: paude's own `.`, where an engine's settings may lead to files
/// beside it; or `/`, once the workspace may be gone.
pub(super) fn words(
    program: &str,
    args: &[&str],
    dir: &str,
    patience: Duration,
) -> io::Result<(bool, String)> {
    #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
    let mut client = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let ok = wait(&mut client, patience).is_some_and(|status| status.success());
    let mut stdout = client.stdout.take().expect("piped");
    // Without waiting: what it started and left behind may still hold the other end.
    rustix::io::ioctl_fionbio(&stdout, true)?;
    let mut said = Vec::new();
    let _ = stdout.read_to_end(&mut said);
    Ok((ok, String::from_utf8_lossy(&said).into_owned()))
}
