//! Handing a signal to what runs in the container.
//!
//! The container's first process is our shell script: it survives signals, and
//! the kernel shields it from those it has no handler for. So a signal is sent to
//! what the script runs, which has the usual defaults. Ctrl-C and a vanished
//! terminal reach every process, as they would without a container; SIGTERM
//! reaches the command alone. The script gets it first, so that between setup and
//! command it is not lost. Engines' clients forward nothing under a terminal,
//! and nothing useful otherwise, so this goes through `exec`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};
use signal_hook::low_level::signal_name;

use super::patience;
use crate::error::{Error, Exit, Result};
use crate::render::Engine;

/// The signals that end a run, as they arrive.
pub type Watched = SignalsInfo<WithOrigin>;

/// What ends a run.
pub(super) const ENDING: [i32; 4] = [SIGINT, SIGQUIT, SIGTERM, SIGHUP];

/// What these signals do: they end paude, but while it runs something they are events.
#[derive(Debug)]
pub struct Signals {
    /// Whether they end paude.
    ending: Arc<AtomicBool>,
    /// The last one that was an event; 0 for none.
    came: Arc<AtomicUsize>,
}

/// While this lives, they are events.
#[derive(Debug)]
pub struct Watching {
    ending: Arc<AtomicBool>,
    handle: Handle,
}

impl Signals {
    /// They end paude, as they do anyway.
    pub fn new() -> Result<Self> {
        let (ending, came) = (Arc::new(AtomicBool::new(true)), Arc::default());
        for signal in heeded() {
            let number = usize::try_from(signal).expect("signals have small numbers");
            flag::register_conditional_default(signal, Arc::clone(&ending))
                .and_then(|_| flag::register_usize(signal, Arc::clone(&came), number))
                .map_err(|error| unable(&error))?;
        }
        Ok(Self { ending, came })
    }

    /// From here on they are events.
    pub fn watch(&self) -> Result<(Watched, Watching)> {
        let watched = Watched::new(heeded()).map_err(|error| unable(&error))?;
        let watching = Watching { ending: Arc::clone(&self.ending), handle: watched.handle() };
        self.ending.store(false, Ordering::SeqCst);
        Ok((watched, watching))
    }

    /// The name of the last one that was an event, and what paude ends with because of it.
    /// A run that came to its end all the same may not have noticed.
    pub fn came(&self) -> Option<(&'static str, Exit)> {
        let signal = i32::try_from(self.came.load(Ordering::SeqCst)).ok()?;
        let code = u8::try_from(128 + signal).ok()?;
        signal_name(signal).map(|name| (name, Exit::Command(code)))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.handle.close();
        self.ending.store(true, Ordering::SeqCst);
    }
}

/// Those that were not ignored when paude was started, as `nohup` and a shell's `trap ''`
/// have it: they stay ignored, here and in what is started.
fn heeded() -> impl Iterator<Item = i32> {
    ENDING.into_iter().filter(|&signal| !crate::unsafe_calls::is_ignored(signal))
}

fn unable(error: &std::io::Error) -> Error {
    Error::failed(format!("cannot watch for signals: {error}"))
}

/// Sends a signal into a container. Returns whether it could be delivered: false
/// while the container is not running its command yet. What counts is the word that
/// `signal.sh` says: a container that ends of it takes the hand-over's exit code along.
pub(super) fn send(engine: Engine, container: &str, signal: i32, tty: bool) -> bool {
    let (name, scope) = match signal {
        SIGINT => ("INT", "all"),
        SIGQUIT => ("QUIT", "all"),
        SIGHUP => ("HUP", "all"),
        _ => ("TERM", "command"),
    };
    // Interactive shells ignore SIGTERM; what they obey is the loss of their terminal.
    let hangup = if tty && signal == SIGTERM { "HUP" } else { "" };
    let exec = ["exec", "--workdir", "/", container, "/bin/sh", "-c", include_str!("signal.sh")];
    let args = [&exec[..], &["paude", name, scope, hangup]].concat();
    patience::words(&engine.to_string(), &args, "/", patience::ANSWER)
        .is_ok_and(|(_, said)| !said.is_empty())
}
