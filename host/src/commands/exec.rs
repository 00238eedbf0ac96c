//! `paude exec`.

use std::io::{ErrorKind, IsTerminal as _};
use std::time::{Duration, Instant};

use crate::cli::ExecArgs;
use crate::engine::Engine;
use crate::error::{Error, Exit, Result};
use crate::escape::{shown, shown_path};
use crate::execute::{self, Join, JoinEnd, ProcessId, Signals};
use crate::run_spec;
use crate::session::{FoundSession, JoinedFile, Session};
use crate::workspace::Workspace;

/// How long to wait for a session that has just begun, and how often it is looked at.
const START: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(10);

/// Runs the command in a running session. Returns its exit code.
pub(super) fn execute(args: &ExecArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.workspace)?;
    let session = find(&workspace, args)?;
    let record = &session.record;
    let file = JoinedFile::create(&session).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ended(&session),
        _ => Error::failed(format!("cannot join the session: {error}")),
    })?;
    let init = wait_until_started(&session)?;
    let terminal = std::io::stdout().is_terminal() && run_spec::is_in_foreground();
    let join = Join {
        engine: record.engine,
        container: &record.name,
        init,
        target: &record.target,
        on_path: &record.on_path,
        variables: &record.variables,
        guarded: &record.guarded,
        command: &args.command,
        id: file.id(),
        tty: record.engine != Engine::Native && terminal,
    };
    // The client learns of a signal by paude alone.
    let signals = Signals::new()?;
    let (stream, _watch) = signals.watch()?;
    let joined = execute::join(&join, stream)?;
    match joined {
        JoinEnd::Command(exit) => Ok(exit),
        JoinEnd::SessionEnded => Err(ended(&session)),
    }
}

/// The session to join: the one with the name, or the newest.
fn find(workspace: &Workspace, args: &ExecArgs) -> Result<FoundSession> {
    let mut running = Session::running_on(workspace).into_iter();
    let Some(name) = &args.session else {
        return running.next().ok_or_else(|| {
            let path = shown_path(workspace.path().as_path());
            Error::usage(format!("no session runs on `{path}`"))
                .hint("`paude up` starts one that stays, and `paude` one for a shell")
        });
    };
    running.find(|session| session.record.name == *name).ok_or_else(|| {
        Error::usage(format!("no session `{}` runs on this project", shown(name)))
            .hint("`paude ps` lists those that do")
    })
}

/// Waits until the container of a session runs. Returns its first process, if it is known.
fn wait_until_started(session: &FoundSession) -> Result<Option<ProcessId>> {
    let began = Instant::now();
    loop {
        if let Some(init) = session.started() {
            return Ok(init);
        }
        if !session.is_running() {
            return Err(ended(session));
        }
        if began.elapsed() > START {
            let (name, seconds) = (shown(&session.record.name), START.as_secs());
            return Err(Error::failed(format!(
                "the container of the session `{name}` does not run after {seconds} seconds"
            ))
            .hint("its setup may still run, or its image be on the way; try again"));
        }
        std::thread::sleep(INTERVAL);
    }
}

/// The error of a command whose session has ended, before or while it ran.
fn ended(session: &FoundSession) -> Error {
    let name = shown(&session.record.name);
    match session.lost() {
        Some(path) => {
            let path = shown_path(path.as_ref());
            Error::guard(format!("`{path}` is no longer hidden; the session `{name}` was stopped"))
                .hint("something removed or renamed it on the host while the container ran")
        }
        None => Error::session_ended(format!("the session `{name}` has ended"))
            .hint("`paude up` starts another one"),
    }
}
