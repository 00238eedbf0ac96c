//! Handing a signal to what runs in the container.
//!
//! The container's first process is our shell script: it survives signals, and
//! the kernel shields it from those it has no handler for. So a signal is sent to
//! what the script runs, which has the usual defaults. Ctrl-C and a vanished
//! terminal reach every process, as they would without a container; SIGTERM
//! reaches the command alone. The script gets it first, so that between setup and
//! command it is not lost. Engines' clients forward nothing under a terminal,
//! and nothing useful otherwise, so this goes through `exec`.

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;

use super::patience;
use crate::error::{Error, Result};
use crate::render::Engine;

/// The signals that end a run, as they arrive.
pub type Watched = SignalsInfo<WithOrigin>;

/// What ends a run.
pub(super) const ENDING: [i32; 4] = [SIGINT, SIGQUIT, SIGTERM, SIGHUP];

/// From here on these signals are events; before, they end paude itself.
pub fn watch() -> Result<Watched> {
    Watched::new(ENDING)
        .map_err(|error| Error::failed(format!("cannot watch for signals: {error}")))
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
