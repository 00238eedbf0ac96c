//! Runs a rendered plan: starts the engine and stays with it until the container has ended.

mod background;
mod client;
mod join;
mod missing_shell;
mod mount_monitor;
#[cfg(target_os = "linux")]
mod native;
mod outcome;
mod process_id;
mod signals;

pub(crate) use background::{Keeper, start_background};
pub(crate) use client::remove_container;
pub(crate) use join::{Join, JoinEnd};
pub(crate) use outcome::{Milestone, Observer, RunOutcome};
pub(crate) use process_id::ProcessId;
pub(crate) use signals::{SignalStream, SignalWatch, Signals};

use crate::engine::{Engine, Streams};
use crate::error::{Error, Result};
use crate::render::Rendered;
use crate::run_spec::RunSpec;

/// Becomes the native engine's helper if this process was started as one, and then does not
/// return. `main` calls it before anything else.
pub fn become_helper_if_requested() {
    #[cfg(target_os = "linux")]
    native::become_helper_if_requested();
}

/// Has a write beyond the limit of file sizes (`ulimit -f`) fail, so that paude reports it.
/// `main` calls it before anything is written.
pub fn survive_file_size_limit() {
    signals::survive_file_size_limit();
}

/// Runs the rendered plan to its end, and tells the observer of each milestone. An error means
/// that no command was started.
pub(crate) fn run(
    rendered: &Rendered,
    spec: &RunSpec,
    streams: Streams<'_>,
    signals: SignalStream,
    observer: &Observer,
) -> Result<RunOutcome> {
    match rendered {
        Rendered::Command(argv) => {
            let outcome = client::run(argv, spec, streams, signals, observer)?;
            if let Ok(exit) = outcome.exit {
                missing_shell::explain(spec, exit)?;
            }
            Ok(outcome)
        }
        #[cfg(target_os = "linux")]
        Rendered::Sandbox(sandbox) => {
            let monitor = mount_monitor::MountMonitor(spec.guarded.clone());
            native::run(sandbox, monitor, streams, signals, observer)
        }
        Rendered::Document(_) => Err(Error::failed("a document cannot be run")),
        #[cfg(not(target_os = "linux"))]
        Rendered::Sandbox(_) => Err(Error::failed("the native engine needs Linux")),
    }
}

/// Runs a further command in the container of a session, to its end.
pub(crate) fn join(join: &Join<'_>, signals: SignalStream) -> Result<JoinEnd> {
    match join.engine {
        #[cfg(target_os = "linux")]
        Engine::Native => native::join(join, signals),
        _ => join::run(join, signals),
    }
}

/// Ends what is left in a container of a command that joined it, by its id.
pub(crate) fn end_joined(engine: Engine, container: &str, id: &str) {
    let _ = signals::kill_joined(engine, container, id);
}

/// Starts a thread; unlike `std::thread::spawn`, returns an error where no more can be started.
pub(crate) fn spawn_thread(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = std::thread::Builder::new().spawn(work);
    started.map(drop).map_err(|error| {
        Error::failed(format!("cannot start a thread: {error}"))
            .hint("stop other programs, or raise the process limit: ulimit -u")
    })
}

/// Checks that the built-in engine works by starting a sandbox on this directory.
pub(crate) fn try_native(workspace: &std::path::Path) -> Result<()> {
    #[cfg(target_os = "linux")]
    return native::attempt(workspace);
    #[cfg(not(target_os = "linux"))]
    Err(Error::failed(format!("the native engine needs Linux to use `{}`", workspace.display())))
}
