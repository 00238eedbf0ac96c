//! Receives the signals that end a run, and delivers them to processes in the container.
//!
//! The container's first process is paude's shell script: it survives signals, and
//! the kernel shields it from those it has no handler for. So a signal is sent to
//! the script's children, which have the default actions. Ctrl-C and the loss of the
//! terminal reach every process, as they would without a container; SIGTERM
//! reaches the command alone. The script gets it first, so that a signal between setup
//! and command is not lost. Engines' clients forward nothing under a terminal,
//! and nothing useful otherwise, so delivery goes through `exec`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::signal_name;

use crate::engine::Engine;
use crate::error::{Error, Exit, Result, exit_code};
use crate::timeout;

/// The signals that end a run, as they arrive.
pub(crate) type SignalStream = SignalsInfo<WithOrigin>;

/// The signals that end a run.
pub(super) const TERMINATING: [i32; 4] = [SIGINT, SIGQUIT, SIGTERM, SIGHUP];

/// The handlers of these signals: they end paude, except while a [`SignalWatch`] lives.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Whether a signal ends paude.
    fatal: Arc<AtomicBool>,
    /// The number of the last signal received while it was not fatal; 0 for none.
    last: Arc<AtomicUsize>,
}

/// While this lives, signals do not end paude but go to a [`SignalStream`].
#[derive(Debug)]
pub(crate) struct SignalWatch {
    fatal: Arc<AtomicBool>,
    handle: Handle,
}

impl Signals {
    /// Installs the handlers; until [`Signals::watch`], signals end paude as by default.
    pub(crate) fn new() -> Result<Self> {
        let (fatal, last) = (Arc::new(AtomicBool::new(true)), Arc::default());
        for signal in handled_signals() {
            let number = usize::try_from(signal).expect("signals have small numbers");
            flag::register_conditional_default(signal, Arc::clone(&fatal))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&last), number))
                .map_err(|error| cannot_watch(&error))?;
        }
        Ok(Self { fatal, last })
    }

    /// Sends signals to the stream, instead of ending paude, until the watch is dropped.
    pub(crate) fn watch(&self) -> Result<(SignalStream, SignalWatch)> {
        let stream = SignalStream::new(handled_signals()).map_err(|error| cannot_watch(&error))?;
        let watch = SignalWatch { fatal: Arc::clone(&self.fatal), handle: stream.handle() };
        self.fatal.store(false, Ordering::SeqCst);
        Ok((stream, watch))
    }

    /// The name of the last signal received during a watch, and the exit code for it.
    /// A command that ended by itself at that moment may not have noticed the signal.
    pub(crate) fn last_received(&self) -> Option<(&'static str, Exit)> {
        let signal = i32::try_from(self.last.load(Ordering::SeqCst)).ok()?;
        let code = u8::try_from(i32::from(exit_code::SIGNAL) + signal).ok()?;
        signal_name(signal).map(|name| (name, Exit::Command(code)))
    }
}

impl Drop for SignalWatch {
    fn drop(&mut self) {
        self.handle.close();
        self.fatal.store(true, Ordering::SeqCst);
    }
}

/// Has a write beyond the limit of file sizes (`ulimit -f`) fail instead of ending paude.
///
/// The handler does nothing. Programs that paude starts get the default action again, which they
/// would not if paude ignored the signal.
pub(super) fn survive_file_size_limit() {
    if !crate::unsafe_calls::is_ignored(SIGXFSZ) {
        let _ = flag::register(SIGXFSZ, Arc::default());
    }
}

/// The signals that were not ignored when paude was started. `nohup` and a shell's `trap ''`
/// ignore some, and these stay ignored by paude and the programs it starts.
pub(super) fn handled_signals() -> impl Iterator<Item = i32> {
    TERMINATING.into_iter().filter(|&signal| !crate::unsafe_calls::is_ignored(signal))
}

fn cannot_watch(error: &std::io::Error) -> Error {
    Error::failed(format!("cannot watch for signals: {error}"))
}

/// The name of a signal, and whether it is for all processes or the command alone.
fn name_and_scope(signal: i32) -> (&'static str, &'static str) {
    match signal {
        SIGINT => ("INT", "all"),
        SIGQUIT => ("QUIT", "all"),
        SIGHUP => ("HUP", "all"),
        _ => ("TERM", "command"),
    }
}

/// Sends a signal into a container. Returns whether it was delivered: false while the
/// container is not running its command yet.
///
/// The output of `signal.sh` decides, because a container that the signal ends kills the
/// `exec` too, whose exit code then says nothing.
pub(super) fn send(engine: Engine, container: &str, signal: i32, tty: bool) -> bool {
    let (name, scope) = name_and_scope(signal);
    // Interactive shells ignore SIGTERM, but end when they lose their terminal.
    let hangup = if tty && signal == SIGTERM { "HUP" } else { "" };
    let exec = ["exec", "--workdir", "/", container, "/bin/sh", "-c", include_str!("signal.sh")];
    let args = [&exec[..], &["paude", name, scope, hangup]].concat();
    timeout::run_captured(engine.program(), &args, "/", timeout::QUERY)
        .is_ok_and(|(_, stdout)| !stdout.is_empty())
}

/// Sends a signal to a command that joined a container, by its id there. Returns whether it was
/// delivered: false while the command is not running yet.
pub(super) fn send_to_joined(
    engine: Engine,
    container: &str,
    id: &str,
    signal: i32,
    tty: bool,
) -> bool {
    let (name, scope) = name_and_scope(signal);
    let hangup = if tty && signal == SIGTERM { "HUP" } else { "" };
    let script = include_str!("join_signal.sh");
    let exec = ["exec", "--workdir", "/", container, "/bin/sh", "-c", script];
    let args = [&exec[..], &["paude", id, name, scope, hangup]].concat();
    timeout::run_captured(engine.program(), &args, "/", timeout::QUERY)
        .is_ok_and(|(_, stdout)| stdout.contains("taken"))
}

/// Kills what is left of a command that joined a container, by its id there. Returns whether
/// there was something; `None` if the container does not run any more.
pub(super) fn kill_joined(engine: Engine, container: &str, id: &str) -> Option<bool> {
    let script = include_str!("join_signal.sh");
    let exec = ["exec", "--workdir", "/", container, "/bin/sh", "-c", script];
    let args = [&exec[..], &["paude", id, "KILL", "all"]].concat();
    let (ok, stdout) = timeout::run_captured(engine.program(), &args, "/", timeout::QUERY).ok()?;
    (ok && stdout.contains("looked")).then(|| stdout.contains("taken"))
}
