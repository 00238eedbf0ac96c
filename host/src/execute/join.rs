//! Runs a further command in the container of a session.
//!
//! podman and docker do it by `exec`. When their client ends, what it started in the container
//! goes on; so all of that has the command's id among its variables, by which it is found and
//! ended. When a client fails, the session may have ended: which of the two came first depends on
//! the moment, and the exit code on the engine. So it is asked whether the container still runs.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::client;
use super::process_id::ProcessId;
use super::signals::{self, SignalStream};
use crate::engine::{DETACH_KEYS, Engine};
use crate::error::{Error, Exit, Result, exit_code};
use crate::run_spec::GuardedMount;

/// How long to wait before trying again to deliver a signal.
const RETRY: Duration = Duration::from_millis(200);

/// The first process of the command.
const SCRIPT: &str = concat!(include_str!("../render/command.sh"), include_str!("join.sh"));

/// A command to run in the container of a session.
#[derive(Clone, Debug)]
pub(crate) struct Join<'s> {
    pub(crate) engine: Engine,
    /// The name of the container.
    pub(crate) container: &'s str,
    /// The container's first process, if this machine runs it and it is known.
    pub(crate) init: Option<ProcessId>,
    /// The working directory.
    pub(crate) target: &'s OsStr,
    /// What comes first on PATH: an environment or nothing, then directories after a `:` each.
    pub(crate) on_path: &'s OsStr,
    /// Shell text that sets further variables; may be empty.
    pub(crate) variables: &'s str,
    /// The mounts that are checked before the command runs.
    pub(crate) guarded: &'s [GuardedMount],
    /// The command and its arguments; empty for a shell.
    pub(crate) command: &'s [OsString],
    /// Distinguishes the command from all others of the session: digits and `-`.
    pub(crate) id: &'s str,
    /// Whether the command gets a terminal.
    pub(crate) tty: bool,
}

/// The end of a joined command.
#[derive(Debug)]
pub(crate) enum JoinEnd {
    /// It ended by itself, or was not run.
    Command(Exit),
    /// The session ended before or while it ran.
    SessionEnded,
}

impl Join<'_> {
    /// The arguments of the engine's client.
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["exec".into(), "--interactive".into()];
        if self.tty {
            args.extend(["--tty".into(), DETACH_KEYS.into()]);
        }
        args.extend(["--workdir".into(), self.target.to_owned()]);
        args.extend(["--env".into(), format!("PAUDE_EXEC={}", self.id).into()]);
        args.extend([self.container, "/bin/sh", "-c", SCRIPT, "paude"].map(OsString::from));
        args.extend([self.on_path.to_owned(), self.variables.into()]);
        args.push(self.guarded.len().to_string().into());
        for guarded in self.guarded {
            args.extend([guarded.path.clone().into(), guarded.mountinfo_path.clone()]);
        }
        args.extend(self.command.iter().cloned());
        args
    }

    /// What became of the command whose client ended so.
    fn end_of(&self, status: ExitStatus, signalled: bool) -> JoinEnd {
        let signal = status.signal();
        let code = status.code().unwrap_or(i32::from(exit_code::SIGNAL) + signal.unwrap_or(0));
        let end = JoinEnd::Command(Exit::Command(u8::try_from(code).unwrap_or(exit_code::FAILED)));
        let killed = i32::from(exit_code::SIGNAL) + Signal::KILL.as_raw();
        match self.init {
            _ if code == 0 => return end,
            Some(init) if !init.is_running() => return JoinEnd::SessionEnded,
            Some(_) if code != killed && signal.is_none() => return end,
            _ => {}
        }
        // A rootless podman's client is two processes: where the inner one is killed, the outer
        // one ends with 137, as for a command that was killed.
        match signals::kill_joined(self.engine, self.container, self.id) {
            None if self.init.is_none_or(|init| !init.is_running()) => JoinEnd::SessionEnded,
            Some(true) if !signalled => {
                let signal = signal.unwrap_or(Signal::KILL.as_raw());
                let message = format!("{} was killed by signal {signal}", self.engine);
                let _ = writeln!(std::io::stderr(), "{}", Error::failed(message).report());
                end
            }
            _ => end,
        }
    }
}

/// Something that happens while the client runs.
enum ClientEvent {
    Signal(i32),
    Ended(ExitStatus),
}

/// Runs the engine's client to its end.
pub(super) fn run(join: &Join<'_>, mut signals: SignalStream) -> Result<JoinEnd> {
    let program = join.engine.program();
    #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
    let mut command = Command::new(program);
    command.args(join.args());
    #[cfg(target_os = "linux")]
    crate::unsafe_calls::end_with_parent(&mut command, Signal::TERM);
    if !join.tty {
        // It would end of what the terminal sends, and leave the command behind.
        crate::unsafe_calls::lead_session(&mut command);
    }
    let client = command
        .spawn()
        .map_err(|error| Error::failed(format!("cannot start `{program}`: {error}")))?;
    let pid = Pid::from_child(&client);
    let (on_end, events) = mpsc::channel();
    let on_signal = on_end.clone();
    super::spawn_thread(move || {
        for origin in signals.forever() {
            if on_signal.send(ClientEvent::Signal(origin.signal)).is_err() {
                break;
            }
        }
    })?;
    super::spawn_thread(move || {
        let _ = on_end.send(ClientEvent::Ended(client::wait(pid)));
    })?;
    let (mut undelivered, mut signalled) = (None, false);
    loop {
        let event = match undelivered {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => events.recv_timeout(RETRY),
        };
        match event {
            Ok(ClientEvent::Signal(signal)) => (undelivered, signalled) = (Some(signal), true),
            Ok(ClientEvent::Ended(status)) => return Ok(join.end_of(status, signalled)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the waiting thread reports the end")
            }
        }
        undelivered = undelivered.filter(|&signal| {
            !signals::send_to_joined(join.engine, join.container, join.id, signal, join.tty)
        });
    }
}
