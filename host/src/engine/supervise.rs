//! Starting what was rendered, and staying with it until it ends.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGQUIT, SIGTERM};

use super::patience;
use super::shell;
use super::signals::{self, Watched};
use super::streams::Streams;
use super::watch::Watch;
use crate::error::{Error, Exit, Result};
use crate::escape::shown;
use crate::render::{Argv, Engine, Job, Rendered};

/// What a client may end with that a signal ended before its container ran, or while
/// that was ending: docker with 0 or 125, podman with 1, 126, 127 or 128+n, and both
/// with 137 if paude removed it.
const CLIENT_ENDED: [i32; 9] = [0, 1, 125, 126, 127, 129, 130, 137, 143];

/// How often a signal is tried again while the container is not yet there to take it.
const RETRY: Duration = Duration::from_millis(200);

/// How long the removal of a container may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a daemon may go on making a container after its client ended.
const SETTLING: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// What the process exits with; the error of a run that was ended because a shadow
    /// was lost.
    pub exit: Result<Exit>,
    /// Whether the container is known to be gone.
    pub gone: bool,
}

/// Runs the rendered plan to its end. An error means that nothing was started.
pub fn run(
    rendered: &Rendered,
    engine: Engine,
    job: &Job,
    streams: Streams<'_>,
    signals: Watched,
) -> Result<Ended> {
    match rendered {
        Rendered::Command(argv) => {
            let ended = client(argv, engine, job, streams, signals)?;
            if let Ok(exit) = ended.exit {
                shell::look_for(engine, job, exit)?;
            }
            Ok(ended)
        }
        #[cfg(target_os = "linux")]
        Rendered::Sandbox(sandbox) => {
            let watch = Watch(job.guarded.clone());
            super::native::run(sandbox, watch, streams, signals)
        }
        #[cfg(not(target_os = "linux"))]
        Rendered::Sandbox(_) => Err(Error::failed("the native engine needs Linux")),
    }
}

fn client(
    argv: &Argv,
    engine: Engine,
    job: &Job,
    streams: Streams<'_>,
    signals: Watched,
) -> Result<Ended> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the engine's client, started without a shell"
    )]
    let mut command = Command::new(&argv.program);
    // Else it could still be starting a container while the next run clears up.
    #[cfg(target_os = "linux")]
    crate::unsafe_calls::end_with_parent(&mut command);
    let client = streams.of(&mut command).and_then(|()| command.args(&argv.args).spawn());
    let mut client = client.map_err(|error| {
        let program = shown(&argv.program.to_string_lossy()).into_owned();
        Error::failed(format!("cannot start `{program}`: {error}"))
            .hint("mend its installation, or choose another engine with --engine")
    })?;
    let run = Arc::new(());
    let events = events(&mut client, engine, job, signals, Arc::downgrade(&run));
    let events = events.inspect_err(|_| {
        let _ = client.kill();
        let _ = client.wait();
        remove_container(engine, &job.name, SETTLING);
    })?;
    let pid = Pid::from_child(&client);
    let (mut undelivered, mut lost) = (None, None);
    loop {
        let event = match undelivered {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => events.recv_timeout(RETRY),
        };
        match event {
            Ok(Event::Signal(signal)) => undelivered = Some(signal),
            Ok(Event::Lost(path)) => {
                let gone = remove_container(engine, &job.name, SETTLING);
                if !gone {
                    // It would wait for its container.
                    let _ = kill_process(pid, Signal::KILL);
                }
                lost = Some((path, gone));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Event::Ended(status)) => {
                return Ok(match lost {
                    Some((path, gone)) => {
                        let error = Watch::error(&path, gone);
                        Ended { exit: Err(still_there(error, gone, engine, &job.name)), gone }
                    }
                    None => ended(status, undelivered, engine, &job.name),
                });
            }
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the waiting thread reports the end")
            }
        }
        if let Some(signal) = undelivered {
            let delivered = !job.unguarded && signals::send(engine, &job.name, signal, job.tty);
            if delivered {
                undelivered = None;
                continue;
            }
            if job.unguarded {
                // Nothing in there can hand it on.
                remove_container(engine, &job.name, Duration::ZERO);
            }
            // No container yet: the client may be pulling an image. Not as SIGQUIT, of which
            // it would die on the spot, and leave half a container.
            let signal = if signal == SIGQUIT { SIGTERM } else { signal };
            if let Some(signal) = Signal::from_named_raw(signal) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

enum Event {
    Signal(i32),
    Lost(PathBuf),
    Ended(ExitStatus),
}

/// One stream of signals, of a shadow's loss, and of the client's end.
fn events(
    client: &mut Child,
    engine: Engine,
    job: &Job,
    mut signals: Watched,
    run: Weak<()>,
) -> Result<Receiver<Event>> {
    let (sender, events) = mpsc::channel();
    let pid = Pid::from_child(client);
    let (on_loss, watch, name) = (sender.clone(), Watch(job.guarded.clone()), job.name.clone());
    super::thread(move || {
        if let Some(path) = watch.container(engine, &name, &run) {
            let _ = on_loss.send(Event::Lost(path));
        }
    })?;
    let on_signal = sender.clone();
    super::thread(move || {
        for origin in signals.forever() {
            if on_signal.send(Event::Signal(origin.signal)).is_err() {
                break;
            }
        }
    })?;
    super::thread(move || {
        // The loop sends signals by id while this waits, so `Child::wait`, which
        // needs the child for itself, will not do.
        let status = loop {
            match rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()) {
                Ok(Some((_, status))) => break ExitStatus::from_raw(status.as_raw()),
                Ok(None) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => break ExitStatus::from_raw(125 << 8),
            }
        };
        let _ = sender.send(Event::Ended(status));
    })?;
    Ok(events)
}

/// A client that a signal ended leaves its container behind, and may itself say 0. One
/// that failed may have lost its container.
fn ended(status: ExitStatus, undelivered: Option<i32>, engine: Engine, container: &str) -> Ended {
    let (code, gone) = match (status.code(), undelivered.or(status.signal())) {
        // The command's own code, even if the signal is still on its way.
        (Some(code), signal) if signal.is_none() || !CLIENT_ENDED.contains(&code) => {
            let sure = signal.is_none() && code != 125;
            (code, sure || remove_container(engine, container, Duration::ZERO))
        }
        (_, signal) => {
            // podman's client makes it all by itself; docker's daemon goes on without one.
            let patience = if engine == Engine::Docker { SETTLING } else { Duration::ZERO };
            let gone = remove_container(engine, container, patience);
            let killed = status
                .signal()
                .filter(|signal| undelivered.is_none() && !signals::ENDING.contains(signal));
            let what = match (killed, gone) {
                (Some(signal), true) => Some(format!("{engine} was killed by signal {signal}")),
                (Some(signal), false) => Some(format!(
                    "{engine} was killed by signal {signal}, and its container cannot be removed"
                )),
                (None, false) => Some("the container cannot be removed".to_owned()),
                (None, true) => None,
            };
            if let Some(what) = what {
                let error = still_there(Error::failed(what), gone, engine, container);
                let _ = writeln!(std::io::stderr(), "{error}");
            }
            (128 + signal.unwrap_or(0), gone)
        }
    };
    Ended { exit: Ok(Exit::Command(u8::try_from(code).unwrap_or(125))), gone }
}

/// Adds what to do about a container that paude could not remove.
fn still_there(error: Error, gone: bool, engine: Engine, container: &str) -> Error {
    match gone {
        true => error,
        false => error.hint(format!("end it: {engine} rm --force {container}")),
    }
}

/// Removes a container that nobody waits for. Returns whether it is gone. If there is
/// none yet, a daemon may still be making it: so long it is tried.
pub fn remove_container(engine: Engine, container: &str, patience: Duration) -> bool {
    let started = Instant::now();
    loop {
        let said = remove(engine, container);
        if said.as_deref().is_some_and(|name| !name.is_empty()) || started.elapsed() >= patience {
            return said.is_some();
        }
        std::thread::sleep(RETRY);
    }
}

/// What the client said, if it did as it was told: the container's name, or nothing if
/// there is none.
fn remove(engine: Engine, container: &str) -> Option<String> {
    // docker kills at once; podman would wait for a first process that takes its time.
    let hurry: &[&str] = if engine == Engine::Podman { &["--time", "0"] } else { &[] };
    let args = [&["rm", "--force", "--volumes"], hurry, &["--", container]].concat();
    let (ok, said) = patience::words(&engine.to_string(), &args, "/", PATIENCE).ok()?;
    ok.then_some(said)
}
