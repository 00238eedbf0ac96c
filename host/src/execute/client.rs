//! Starts an engine's client and supervises it until its container has ended.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGQUIT, SIGTERM};

use super::mount_monitor::MountMonitor;
use super::outcome::{Milestone, Observer, RunOutcome};
use super::signals::{self, SignalStream};
use crate::engine::{Engine, Streams};
use crate::error::{Error, Exit, Result, exit_code};
use crate::escape::shown;
use crate::render::Argv;
use crate::run_spec::RunSpec;
use crate::timeout;

/// The exit codes of a client that a signal ended before its container ran, or while the
/// container was ending: docker's 0 or 125, podman's 1, 126, 127 or 128+n, 2 of a podman service's
/// client that crashed, and 137 of all if paude removed the container.
const INTERRUPTED_CODES: [i32; 10] = [0, 1, 2, 125, 126, 127, 129, 130, 137, 143];

/// How long to wait before trying again to deliver a signal or to remove a container.
const RETRY: Duration = Duration::from_millis(200);

/// How long one attempt to remove a container may take.
const REMOVAL: Duration = Duration::from_secs(30);

/// How long to retry the removal of a container that paude itself ends, as its engine may still
/// be creating it.
const SETTLING: Duration = Duration::from_secs(1);

/// Runs an engine's client to its end.
pub(super) fn run(
    argv: &Argv,
    spec: &RunSpec,
    streams: Streams<'_>,
    signals: SignalStream,
    observer: &Observer,
) -> Result<RunOutcome> {
    let mut client = start(argv, streams)?;
    let running = Arc::new(());
    let events = event_channel(&client, spec, signals, Arc::downgrade(&running), observer);
    let events = events.inspect_err(|_| {
        let _ = client.kill();
        let _ = client.wait();
        remove_container(spec.engine, &spec.name, SETTLING);
    })?;
    let client = Pid::from_child(&client);
    let supervisor =
        Supervisor { spec, client, observer, signalled: false, undelivered: None, lost: None };
    Ok(supervisor.supervise(&events))
}

/// Starts the client, without a shell.
fn start(argv: &Argv, streams: Streams<'_>) -> Result<Child> {
    #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
    let mut command = Command::new(&argv.program);
    // Otherwise it could still be starting a container while the next run clears up.
    #[cfg(target_os = "linux")]
    crate::unsafe_calls::end_with_parent(&mut command, Signal::TERM);
    let client = streams.apply_to(&mut command).and_then(|()| command.args(&argv.args).spawn());
    client.map_err(|error| {
        let program = shown(&argv.program.to_string_lossy()).into_owned();
        Error::failed(format!("cannot start `{program}`: {error}"))
            .hint("fix its installation, or choose another engine with --engine")
    })
}

/// Something that happens while the client runs.
enum Event {
    /// paude received this signal.
    Signal(i32),
    /// The shadow at this path is no longer mounted.
    Lost(PathBuf),
    /// The client ended.
    Ended(ExitStatus),
}

/// Starts the threads that report events; the mount monitor ends once `running` is dropped.
fn event_channel(
    client: &Child,
    spec: &RunSpec,
    mut signals: SignalStream,
    running: Weak<()>,
    observer: &Observer,
) -> Result<Receiver<Event>> {
    let (on_end, events) = mpsc::channel();
    let pid = Pid::from_child(client);
    let engine = spec.engine;
    let (monitor, name) = (MountMonitor(spec.guarded.clone()), spec.name.clone());
    let (on_loss, observer) = (on_end.clone(), Observer::clone(observer));
    super::spawn_thread(move || {
        if let Some(path) = monitor.wait_in_container(engine, &name, &running, &observer) {
            let _ = on_loss.send(Event::Lost(path));
        }
    })?;
    let on_signal = on_end.clone();
    super::spawn_thread(move || {
        for origin in signals.forever() {
            if on_signal.send(Event::Signal(origin.signal)).is_err() {
                break;
            }
        }
    })?;
    super::spawn_thread(move || {
        let _ = on_end.send(Event::Ended(wait(pid)));
    })?;
    Ok(events)
}

/// Waits for a child. Unlike `Child::wait`, it leaves the child free to be signalled meanwhile.
pub(super) fn wait(pid: Pid) -> ExitStatus {
    loop {
        match rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()) {
            Ok(Some((_, status))) => break ExitStatus::from_raw(status.as_raw()),
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => break ExitStatus::from_raw(i32::from(exit_code::FAILED) << 8),
        }
    }
}

/// The state of a run while its client runs.
struct Supervisor<'s> {
    spec: &'s RunSpec,
    client: Pid,
    observer: &'s Observer,
    /// Whether paude received a signal.
    signalled: bool,
    /// A signal that could not be delivered in the container yet.
    undelivered: Option<i32>,
    /// The mount point that was lost, and whether the container was removed because of it.
    lost: Option<(PathBuf, bool)>,
}

impl Supervisor<'_> {
    fn supervise(mut self, events: &Receiver<Event>) -> RunOutcome {
        loop {
            let event = match self.undelivered {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => events.recv_timeout(RETRY),
            };
            match event {
                Ok(Event::Signal(signal)) => {
                    (self.signalled, self.undelivered) = (true, Some(signal));
                }
                Ok(Event::Lost(path)) => self.stop_after_loss(path),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Event::Ended(status)) => return self.finish(status),
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("the waiting thread reports the end")
                }
            }
            if let Some(signal) = self.undelivered {
                self.deliver(signal);
            }
        }
    }

    /// Stops a container that may write into the host's directory.
    fn stop_after_loss(&mut self, path: PathBuf) {
        (self.observer)(Milestone::Lost(&path));
        let gone = remove_container(self.spec.engine, &self.spec.name, SETTLING);
        if !gone {
            // The client would go on waiting for its container.
            let _ = kill_process(self.client, Signal::KILL);
        }
        self.lost = Some((path, gone));
    }

    /// Sends a signal to the command, or to the client if no container runs yet.
    fn deliver(&mut self, signal: i32) {
        let RunSpec { engine, name, unguarded, tty, .. } = self.spec;
        if !unguarded && signals::send(*engine, name, signal, *tty) {
            self.undelivered = None;
            return;
        }
        if *unguarded {
            // Without paude's script, no process in the container is sure to end of a signal.
            remove_container(*engine, name, Duration::ZERO);
        }
        // The client may still be pulling an image. SIGQUIT would kill it at once and leave
        // a half-created container, so it gets SIGTERM instead.
        let signal = if signal == SIGQUIT { SIGTERM } else { signal };
        if let Some(signal) = Signal::from_named_raw(signal) {
            let _ = kill_process(self.client, signal);
        }
    }

    /// The outcome of a run whose client has ended.
    fn finish(self, status: ExitStatus) -> RunOutcome {
        let RunSpec { engine, name, .. } = self.spec;
        let Some((path, gone)) = self.lost else {
            let mut outcome = outcome_of(status, self.undelivered, *engine, name);
            // The client of a podman service removes the container itself, and may have failed to
            // with its terminal gone.
            if self.signalled && engine.client().is_some_and(|client| client.is_daemonless) {
                outcome.gone = remove_container(*engine, name, Duration::ZERO);
            }
            return outcome;
        };
        let error = MountMonitor::error(&path, gone);
        RunOutcome { exit: Err(hint_at_removal(error, gone, *engine, name)), gone }
    }
}

/// The outcome of a run in which no shadow was lost.
///
/// A client that a signal ended leaves its container behind, and may exit with 0. One that
/// failed may have left its container running.
fn outcome_of(
    status: ExitStatus,
    undelivered: Option<i32>,
    engine: Engine,
    container: &str,
) -> RunOutcome {
    let (code, gone) = match (status.code(), undelivered.or(status.signal())) {
        // The command's own code, even if the signal is still on its way.
        (Some(code), signal) if signal.is_none() || !INTERRUPTED_CODES.contains(&code) => {
            let sure = signal.is_none() && code != i32::from(exit_code::FAILED);
            (code, sure || remove_container(engine, container, Duration::ZERO))
        }
        (_, signal) => {
            let settling = engine.client().map_or(Duration::ZERO, |client| client.settling);
            let gone = remove_container(engine, container, settling);
            let killed = status
                .signal()
                .filter(|signal| undelivered.is_none() && !signals::TERMINATING.contains(signal));
            let message = match (killed, gone) {
                (Some(signal), true) => Some(format!("{engine} was killed by signal {signal}")),
                (Some(signal), false) => Some(format!(
                    "{engine} was killed by signal {signal}, and its container cannot be removed"
                )),
                (None, false) => Some("the container cannot be removed".to_owned()),
                (None, true) => None,
            };
            if let Some(message) = message {
                let error = hint_at_removal(Error::failed(message), gone, engine, container);
                let _ = writeln!(std::io::stderr(), "{}", error.report());
            }
            (i32::from(exit_code::SIGNAL) + signal.unwrap_or(0), gone)
        }
    };
    RunOutcome { exit: Ok(Exit::Command(u8::try_from(code).unwrap_or(exit_code::FAILED))), gone }
}

/// Adds the command that removes a container which paude could not remove.
fn hint_at_removal(error: Error, gone: bool, engine: Engine, container: &str) -> Error {
    match gone {
        true => error,
        false => error.hint(format!("remove it: {} rm --force {container}", engine.program())),
    }
}

/// Removes a container and returns whether it is gone.
///
/// If there is none, tries again for `retry_for`, as the engine may still be creating it.
pub(crate) fn remove_container(engine: Engine, container: &str, retry_for: Duration) -> bool {
    let started = Instant::now();
    loop {
        let removed = remove(engine, container);
        let existed = removed.as_deref().is_some_and(|name| !name.is_empty());
        if existed || started.elapsed() >= retry_for {
            return removed.is_some();
        }
        std::thread::sleep(RETRY);
    }
}

/// Returns the name that the client prints: empty if there was no container, `None` if it
/// could not be removed.
fn remove(engine: Engine, container: &str) -> Option<String> {
    let client = engine.client()?;
    let args = [client.remove, &[container]].concat();
    let (ok, stdout) = timeout::run_captured(client.program, &args, "/", REMOVAL).ok()?;
    ok.then_some(stdout)
}
