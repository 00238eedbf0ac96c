//! The built-in engine: Linux namespaces over the host's own root, read-only but for
//! the workspace.
//!
//! Three processes. *paude* asks and waits (this file). The *helper* (this executable
//! again, see [`take_over`]) enters new user, mount, pid and ipc namespaces. The
//! *init*, its child, is process 1 in there: it lays out the mounts, starts the
//! command and reaps. The helper is executed afresh because paude has threads (a
//! policy may be stuck in one), and the child of a threaded process may not safely
//! allocate after `fork`.
//!
//! This guards against mishaps, not against a hostile command: that still has the
//! network, what the person may read, sockets such as docker's, and the terminal.
#![expect(clippy::disallowed_methods, reason = "starts the helper, and reads and writes /proc")]

mod error;
mod inside;
mod mounts;
mod processes;

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead as _, BufReader, PipeReader, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::{fs, process};

use rustix::fd::AsRawFd as _;
use rustix::io::FdFlags;
use rustix::process::Signal;

use super::streams::{Kept, Streams};
use super::supervise::Ended;
use super::watch::{Watch, process_directory};
use crate::error::{Error, Exit, Result};
use crate::render::Sandbox;
use error::{At as _, NativeError, STEPS, Step};

pub(crate) use inside::take_over;

/// Name under which the helper finds itself started.
const HELPER: &str = "paude: sandbox helper";

/// Runs the sandbox to its end, handing signals on.
pub(super) fn run(
    sandbox: &Sandbox,
    watch: Watch,
    streams: Streams<'_>,
    signals: super::signals::Watched,
) -> Result<Ended> {
    let mut running = match spawn(sandbox, streams) {
        Ok(running) => running,
        Err(error) => {
            return match error.code() {
                Some(code) => {
                    let _ = writeln!(io::stderr(), "{}", Error::from(error));
                    Ok(Ended { exit: Ok(Exit::Command(code)), gone: true })
                }
                None => Err(error.into()),
            };
        }
    };
    let init = running.init;
    super::thread(move || processes::forward(init, signals))?;
    let (on_loss, lost) = mpsc::channel();
    let process = process_directory(init);
    super::thread(move || {
        if let Some(process) = process
            && let Some(path) = watch.outside(&process)
        {
            let _ = on_loss.send(path);
            let _ = rustix::process::pidfd_send_signal(process, Signal::KILL);
        }
    })?;
    let exit = running.wait();
    if let Ok(path) = lost.try_recv() {
        return Ok(Ended { exit: Err(Watch::error(&path, true)), gone: true });
    }
    match exit {
        Ok(exit) => Ok(Ended { exit: Ok(exit), gone: true }),
        Err(error) => Err(Error::failed(format!("lost the native sandbox: {error}"))),
    }
}

/// Starts a sandbox that does nothing, and says why that cannot be done.
pub(super) fn attempt(workspace: &Path) -> Result<()> {
    let argv = ["/bin/sh", "-c", ":"].map(OsString::from).into();
    let (shadows, env) = (Vec::new(), Vec::new());
    let sandbox = Sandbox { workspace: workspace.into(), shadows, env, argv };
    let kept = Kept::new()?;
    let exit = spawn(&sandbox, Streams::Kept(&kept))?.wait();
    match exit.map(Exit::code) {
        Ok(0) => Ok(()),
        ended => Err(Error::failed(format!("a sandbox that does nothing fails: {ended:?}"))),
    }
}

/// A started sandbox; dropping it kills all that runs in it. The thread that called
/// [`spawn`] must outlive it: the kernel ties the parent-death signal to the thread.
struct Running {
    helper: Child,
    report: BufReader<PipeReader>,
    /// Process 1 of the sandbox, as the host numbers it: of all signals only SIGKILL
    /// and SIGSTOP have an effect on it.
    init: u32,
}

impl Running {
    /// Waits for the command. No word from process 1 means that somebody killed it, and
    /// with it all else.
    fn wait(&mut self) -> io::Result<Exit> {
        let mut word = self.field()?;
        while word == b"stopped" {
            processes::stop_with(self.init)?;
            word = self.field()?;
        }
        let status = number(&word).map(ExitStatus::from_raw);
        self.helper.wait()?;
        let code = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => code,
            Some((None, Some(signal))) => 128 + signal,
            _ => 128 + libc::SIGKILL,
        };
        Ok(Exit::Command(u8::try_from(code).unwrap_or(125)))
    }

    /// Reads one answer: the expected word, or the fault in its three fields.
    fn expect(&mut self, word: &[u8]) -> Result<(), NativeError> {
        let mut field = || self.field().at(Step::Helper, HELPER);
        let first = field()?;
        if first == word {
            return Ok(());
        }
        let step = number(&first).and_then(|n: usize| STEPS.get(n)).unwrap_or(&Step::Helper);
        let (path, errno) = (OsString::from_vec(field()?), field()?);
        let source = number(&errno)
            .map_or_else(|| io::Error::other("it ended early"), io::Error::from_raw_os_error);
        Err(source).at(*step, if first.is_empty() { OsStr::new(HELPER) } else { &path })
    }

    /// One field of a report, which NUL ends.
    fn field(&mut self) -> io::Result<Vec<u8>> {
        let mut field = Vec::new();
        self.report.read_until(0, &mut field)?;
        field.pop_if(|byte| *byte == 0);
        Ok(field)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Does nothing once waited for; else process 1 follows by its parent-death signal.
        let _ = self.helper.kill();
        let _ = self.helper.wait();
    }
}

/// Starts the command, and returns once it has been executed.
fn spawn(sandbox: &Sandbox, streams: Streams<'_>) -> Result<Running, NativeError> {
    let request = serde_json::to_vec(&with_own_environment(sandbox)).at(Step::Request, HELPER)?;
    let (mut running, mut to_helper) = start_helper(streams).at(Step::Helper, HELPER)?;
    running.expect(b"unshared")?;
    map_ids(running.helper.id()).at(Step::Namespaces, "/proc/PID/uid_map")?;
    // The request comes only now, so that nothing happens in there without ids; its end
    // lets the helper go on.
    to_helper.write_all(&request).at(Step::Helper, HELPER)?;
    drop(to_helper);
    running.expect(b"started")?;
    running.init = number(&running.field().at(Step::Helper, HELPER)?).unwrap_or(0);
    Ok(running)
}

/// The person's own variables under those of the sandbox; an activated environment of
/// the host is not active in there.
fn with_own_environment(sandbox: &Sandbox) -> Sandbox {
    let own = std::env::vars_os().filter(|(name, _)| name != "VIRTUAL_ENV");
    Sandbox { env: own.chain(sandbox.env.iter().cloned()).collect(), ..sandbox.clone() }
}

fn start_helper(streams: Streams<'_>) -> io::Result<(Running, io::PipeWriter)> {
    let ((requests, to_helper), (from_helper, report)) = (io::pipe()?, io::pipe()?);
    // Another thread's child may inherit these too, if started at this moment: harmless,
    // it only hides an early end.
    rustix::io::fcntl_setfd(&requests, FdFlags::empty())?;
    rustix::io::fcntl_setfd(&report, FdFlags::empty())?;
    let arguments = [requests.as_raw_fd(), report.as_raw_fd(), process::id().cast_signed()];
    // No environment: LD_PRELOAD out of a hostile `paude.json` must not act in the
    // helper, outside the sandbox.
    let mut helper = Command::new("/proc/self/exe");
    helper.arg0(HELPER).args(arguments.map(|n| n.to_string())).env_clear();
    streams.of(&mut helper)?;
    let helper = helper.spawn()?;
    Ok((Running { helper, report: BufReader::new(from_helper), init: 0 }, to_helper))
}

/// Every id keeps its number. Root maps all ids there are, so that it may write in
/// anyone's workspace; others only theirs.
fn map_ids(helper: u32) -> io::Result<()> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if !uid.is_root() {
        fs::write(format!("/proc/{helper}/setgroups"), "deny")?;
    }
    for (map, id) in [("uid_map", uid.as_raw()), ("gid_map", gid.as_raw())] {
        let mut text = format!("{id} {id} 1\n");
        if uid.is_root() {
            let ours = fs::read_to_string(format!("/proc/self/{map}"))?;
            let ranges = ours.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let same = |range: Vec<&str>| format!("{0} {0} {1}\n", range[0], range[2]);
            text = ranges.filter(|range| range.len() == 3).map(same).collect();
        }
        fs::write(format!("/proc/{helper}/{map}"), text)?;
    }
    Ok(())
}

fn number<N: std::str::FromStr>(field: &[u8]) -> Option<N> {
    str::from_utf8(field).ok()?.parse().ok()
}
