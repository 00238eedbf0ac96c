//! The built-in engine: Linux namespaces over the host's own root, read-only except for
//! the workspace.
//!
//! Three processes take part. *paude* sends the request and waits (this file). The *helper*
//! (this executable again, see [`become_helper_if_requested`]) enters new user, mount, pid and
//! ipc namespaces. The *init*, its child, is process 1 of the pid namespace: it sets up the
//! mounts, starts the command and reaps. The helper is executed afresh because paude has
//! threads (a policy may be stuck in one), and the child of a threaded process may not safely
//! allocate after `fork`.
//!
//! This guards against mishaps, not against a hostile command: that still has the network,
//! every file that the user may read, sockets such as docker's, and the terminal. The network can
//! be taken away: then process 1 enters a network namespace too, in which only loopback is up.
#![expect(clippy::disallowed_methods, reason = "starts the helper, and reads and writes /proc")]

mod error;
mod helper;
mod inside;
mod joined;
mod mounts;
mod processes;

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead as _, BufReader, PipeReader, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::mpsc;
use std::{fs, process};

use rustix::fd::AsRawFd as _;
use rustix::io::FdFlags;
use rustix::process::{Pid, Signal};

use super::mount_monitor::{MountMonitor, process_directory};
use super::outcome::{Milestone, Observer, RunOutcome};
use super::process_id::ProcessId;
use crate::engine::{CaptureFiles, Streams};
use crate::error::{Error, Exit, Result, exit_code};
use crate::render::{Sandbox, leads_to_host_environment};
use error::{At as _, NativeError, START_STEPS, StartStep};

pub(super) use helper::become_helper_if_requested;
pub(super) use joined::run as join;

/// The program name (`argv[0]`) that makes this executable the helper.
const HELPER: &str = "paude: sandbox helper";

/// Runs the sandbox to its end, forwarding signals.
pub(super) fn run(
    sandbox: &Sandbox,
    monitor: MountMonitor,
    streams: Streams<'_>,
    signals: super::signals::SignalStream,
    observer: &Observer,
) -> Result<RunOutcome> {
    let mut running = match spawn(sandbox, streams) {
        Ok(running) => running,
        Err(error) => {
            return match error.code() {
                Some(code) => {
                    let _ = writeln!(io::stderr(), "{}", Error::from(error).report());
                    Ok(RunOutcome { exit: Ok(Exit::Command(code)), gone: true })
                }
                None => Err(error.into()),
            };
        }
    };
    let init = running.init;
    observer(Milestone::Started(ProcessId::of(init)));
    super::spawn_thread(move || processes::forward(init, signals))?;
    let (on_loss, lost) = mpsc::channel();
    let process = process_directory(init);
    let observer = Observer::clone(observer);
    super::spawn_thread(move || {
        if let Some(process) = process
            && let Some(path) = monitor.wait_on_host(&process)
        {
            observer(Milestone::Lost(&path));
            let _ = on_loss.send(path);
            let _ = rustix::process::pidfd_send_signal(process, Signal::KILL);
        }
    })?;
    let exit = running.wait();
    if let Ok(path) = lost.try_recv() {
        return Ok(RunOutcome { exit: Err(MountMonitor::error(&path, true)), gone: true });
    }
    match exit {
        Ok(exit) => Ok(RunOutcome { exit: Ok(exit), gone: true }),
        Err(error) => Err(Error::failed(format!("lost contact with the native sandbox: {error}"))),
    }
}

/// Starts a sandbox that does nothing; the error says why it cannot be started.
pub(super) fn attempt(workspace: &Path) -> Result<()> {
    let argv = ["/bin/sh", "-c", ":"].map(OsString::from).into();
    let (shadows, env) = (Vec::new(), Vec::new());
    let workspace = workspace.into();
    let (read_only, no_network, further) = (false, false, Vec::new());
    let sandbox = Sandbox { workspace, read_only, further, shadows, no_network, env, argv };
    let captured = CaptureFiles::new()?;
    let exit = spawn(&sandbox, Streams::Capture(&captured))?.wait();
    match exit.map(Exit::code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Error::failed(format!("a test sandbox ended with code {code}"))),
        Err(error) => Err(Error::failed(format!("lost contact with a test sandbox: {error}"))),
    }
}

/// A started sandbox; dropping it kills every process in it. The thread that called
/// [`spawn`] must outlive it: the kernel ties the parent-death signal to the thread.
struct RunningSandbox {
    /// The helper, until it was waited for.
    helper: Option<Pid>,
    report: BufReader<PipeReader>,
    /// The host's process id of the sandbox's process 1, on which no signal but SIGKILL and
    /// SIGSTOP has an effect; of a joined command its supervisor's.
    init: u32,
    /// The supervisor of a joined command ends it once this is closed.
    _lifeline: Option<io::PipeWriter>,
}

impl RunningSandbox {
    fn new(helper: Pid, report: PipeReader, lifeline: Option<io::PipeWriter>) -> Self {
        Self { helper: Some(helper), report: BufReader::new(report), init: 0, _lifeline: lifeline }
    }

    /// Waits for the command. If process 1 ends without a report, somebody killed it and with
    /// it every process of the sandbox.
    fn wait(&mut self) -> io::Result<Exit> {
        let mut field = self.read_field()?;
        while field == b"stopped" {
            processes::stop_with(self.init)?;
            field = self.read_field()?;
        }
        let status = parse_number(&field).map(ExitStatus::from_raw);
        self.wait_for_helper();
        let signalled = i32::from(exit_code::SIGNAL);
        let code = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => code,
            Some((None, Some(signal))) => signalled + signal,
            _ => signalled + libc::SIGKILL,
        };
        Ok(Exit::Command(u8::try_from(code).unwrap_or(exit_code::FAILED)))
    }

    fn wait_for_helper(&mut self) {
        if let Some(helper) = self.helper.take() {
            inside::wait_for_child(helper);
        }
    }

    /// Reads the expected report, or the three fields of an error: step, path and errno.
    fn expect_report(&mut self, expected: &[u8]) -> Result<(), NativeError> {
        let mut read_field = || self.read_field().at(StartStep::Helper, HELPER);
        let first = read_field()?;
        if first == expected {
            return Ok(());
        }
        let step = parse_number(&first)
            .and_then(|index: usize| START_STEPS.get(index))
            .unwrap_or(&StartStep::Helper);
        let (path, errno) = (OsString::from_vec(read_field()?), read_field()?);
        let source = parse_number(&errno)
            .map_or_else(|| io::Error::other("it ended early"), io::Error::from_raw_os_error);
        Err(source).at(*step, if first.is_empty() { OsStr::new(HELPER) } else { &path })
    }

    /// Reads one field of a report, which ends with NUL.
    fn read_field(&mut self) -> io::Result<Vec<u8>> {
        let mut field = Vec::new();
        self.report.read_until(0, &mut field)?;
        field.pop_if(|byte| *byte == 0);
        Ok(field)
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        // The parent-death signal ends process 1 as well.
        if let Some(helper) = self.helper {
            let _ = rustix::process::kill_process(helper, Signal::KILL);
        }
        self.wait_for_helper();
    }
}

/// Starts the command; returns once it has been executed.
fn spawn(sandbox: &Sandbox, streams: Streams<'_>) -> Result<RunningSandbox, NativeError> {
    let request = serde_json::to_vec(&with_host_env(sandbox)).at(StartStep::Request, HELPER)?;
    let (helper, mut running, mut to_helper) =
        start_helper(streams).at(StartStep::Helper, HELPER)?;
    running.expect_report(b"unshared")?;
    map_ids(helper).at(StartStep::Namespaces, "/proc/PID/uid_map")?;
    // The helper reads the request to its end before it goes on, so it waits for the ids.
    to_helper.write_all(&request).at(StartStep::Helper, HELPER)?;
    drop(to_helper);
    running.expect_report(b"started")?;
    let init = running.read_field().at(StartStep::Helper, HELPER)?;
    running.init = parse_number(&init).unwrap_or(0);
    Ok(running)
}

/// Adds paude's own variables before those of the sandbox, but not those of an activated
/// environment: it is the host's, which is hidden.
fn with_host_env(sandbox: &Sandbox) -> Sandbox {
    let host_env = std::env::vars_os().filter(|(name, _)| !leads_to_host_environment(name));
    Sandbox { env: host_env.chain(sandbox.env.iter().cloned()).collect(), ..sandbox.clone() }
}

/// Starts the helper of a new sandbox.
fn start_helper(streams: Streams<'_>) -> io::Result<(Pid, RunningSandbox, io::PipeWriter)> {
    let ((requests, to_helper), (from_helper, report)) = (io::pipe()?, io::pipe()?);
    // A program that another thread starts at this moment may inherit these too. That is
    // harmless: it only delays the end of file if the helper ends early.
    rustix::io::fcntl_setfd(&requests, FdFlags::empty())?;
    rustix::io::fcntl_setfd(&report, FdFlags::empty())?;
    let arguments = [requests.as_raw_fd(), report.as_raw_fd(), process::id().cast_signed()];
    // Without an environment, as a hostile `paude.json` could have LD_PRELOAD act in the
    // helper, which is outside the sandbox.
    let mut helper = Command::new("/proc/self/exe");
    helper.arg0(HELPER).args(arguments.iter().map(ToString::to_string)).env_clear();
    streams.apply_to(&mut helper)?;
    let helper = Pid::from_child(&helper.spawn()?);
    Ok((helper, RunningSandbox::new(helper, from_helper, None), to_helper))
}

/// Maps ids so that each keeps its number: every id for root, which may then write in
/// anyone's workspace, and only their own for other users.
fn map_ids(helper: Pid) -> io::Result<()> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if !uid.is_root() {
        fs::write(format!("/proc/{helper}/setgroups"), "deny")?;
    }
    for (map, id) in [("uid_map", uid.as_raw()), ("gid_map", gid.as_raw())] {
        let mut text = format!("{id} {id} 1\n");
        if uid.is_root() {
            let own_map = fs::read_to_string(format!("/proc/self/{map}"))?;
            let ranges = own_map.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let identity = |range: Vec<&str>| format!("{0} {0} {1}\n", range[0], range[2]);
            text = ranges.filter(|range| range.len() == 3).map(identity).collect();
        }
        fs::write(format!("/proc/{helper}/{map}"), text)?;
    }
    Ok(())
}

fn parse_number<N: std::str::FromStr>(field: &[u8]) -> Option<N> {
    str::from_utf8(field).ok()?.parse().ok()
}
