//! `paude up`.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::announce::{announce_settings, print_lines};
use super::down;
use super::run::{PreparedRun, Publish, Purpose, prepare, run_prepared};
use crate::cli::UpArgs;
use crate::config::Config;
use crate::error::{Error, Exit, Result, exit_code};
use crate::escape::shown;
use crate::execute::{self, Keeper, Observer, SignalStream, SignalWatch, Signals};
use crate::run_spec::RunSpec;
use crate::session::{self, FoundSession, RecordReady, Session};
use crate::workspace::Workspace;

/// How often the log is looked at while the setup runs.
const INTERVAL: Duration = Duration::from_millis(20);

/// How long another process may hold the log.
const LOCKED: Duration = Duration::from_secs(10);

/// Starts a session that stays, or checks the one that does.
pub(super) fn execute(args: &UpArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    if args.background {
        return stay(args, &workspace);
    }
    let signals = Signals::new()?;
    let session = staying(&workspace);
    if let (Some(session), false) = (&session, args.renew) {
        return compare(args, &workspace, session, &signals);
    }
    // The process that stays has no terminal on which to ask for consent, and a session that is up
    // must not end for one that cannot start.
    let builds = Config::load(&args.project, &workspace)?.builds;
    if builds.is_wanted() {
        prepare_staying(args, &workspace, Purpose::Run, &signals)?;
    } else if session.is_some() {
        prepare_staying(args, &workspace, Purpose::Compare, &signals)?;
    }
    if session.is_some() {
        down::end_staying(&workspace)?;
    }
    let log = Session::open_log(&workspace).map_err(|error| cannot_log(&error))?;
    lock(&log)?;
    let emptied = log.set_len(0);
    emptied.and_then(|()| log.unlock()).map_err(|error| cannot_log(&error))?;
    // Before the process is there that a signal has to end.
    let watched = signals.watch()?;
    let (child, lines) = execute::start_background(&log)?;
    follow(args, child, &lines, log, &signals, watched)
}

/// Locks the log, which the process that stays holds to its end. One that was asked to end may
/// need a moment.
fn lock(log: &File) -> Result<()> {
    let began = Instant::now();
    while log.try_lock().is_err() {
        if began.elapsed() > LOCKED {
            return Err(at_work());
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}

fn at_work() -> Error {
    Error::failed("another `paude up` is at work on this project").hint("wait for it, or end it")
}

fn cannot_log(error: &std::io::Error) -> Error {
    Error::failed(format!("cannot write the log of the session: {error}"))
        .hint("set XDG_STATE_HOME to a writable directory outside of the project")
}

/// The session that stays on a project.
fn staying(workspace: &Workspace) -> Option<FoundSession> {
    Session::running_on(workspace).into_iter().find(FoundSession::stays)
}

/// Everything that is known before the session starts. It has no terminal.
fn prepare_staying(
    args: &UpArgs,
    workspace: &Workspace,
    purpose: Purpose,
    signals: &Signals,
) -> Result<PreparedRun> {
    let command = Keeper::command().map(OsString::from);
    let adjust = |spec: &mut RunSpec| {
        spec.tty = false;
        Ok(())
    };
    let mut project = args.project.clone();
    if args.background {
        // That was done where a terminal is.
        (project.rebuild, project.pull) = (false, false);
    }
    prepare(&project, workspace, &command, purpose, args.quiet, signals, adjust)
}

/// Says whether the session that stays is still the one that would be started now.
fn compare(
    args: &UpArgs,
    workspace: &Workspace,
    session: &FoundSession,
    signals: &Signals,
) -> Result<Exit> {
    if session.ready_image().is_none() {
        return Err(at_work());
    }
    let PreparedRun { shared, spec, .. } =
        prepare_staying(args, workspace, Purpose::Compare, signals)?;
    let facts = session::facts(&shared.plan, &spec, args.idle.map(Duration::from))?;
    let differences = session::differences(session, &facts, &session::image_id(&spec));
    let name = shown(&session.record.name);
    if differences.is_empty() {
        if !args.quiet {
            print_lines(&[format!("Session {name} is up already")]);
        }
        return Ok(Exit::Ok);
    }
    print_lines(&[
        format!("error: the session `{name}` is up, with other settings than now"),
        format!("changed: {}", differences.join(", ")),
        "hint: `paude up --renew` ends it and starts another one".to_owned(),
    ]);
    Ok(Exit::ProblemFound)
}

/// Shows the log of the process that stays, until the session is prepared.
fn follow(
    args: &UpArgs,
    mut child: Child,
    lines: &Receiver<String>,
    log: File,
    signals: &Signals,
    (mut stream, _watch): (SignalStream, SignalWatch),
) -> Result<Exit> {
    let pid = Pid::from_child(&child);
    execute::spawn_thread(move || {
        for _ in stream.forever() {
            let _ = kill_process(pid, Signal::TERM);
        }
    })?;
    let mut shown_bytes = 0;
    let mut show = || {
        let mut text = Vec::new();
        // By position, as the process that writes it shares the file's.
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = log.read_at(&mut part, shown_bytes) {
            shown_bytes += length as u64;
            text.extend_from_slice(&part[..length]);
        }
        let _ = std::io::stderr().write_all(&text);
    };
    loop {
        let line = lines.recv_timeout(INTERVAL);
        show();
        match line {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(name) => {
                if !args.quiet {
                    print_lines(&[format!("Session {name} is up; `paude exec` joins it")]);
                }
                return Ok(Exit::Ok);
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = child.wait();
    show();
    if let Some((_, exit)) = signals.last_received() {
        return Ok(exit);
    }
    let code = status.ok().and_then(|status| status.code());
    // Without having been up, it did not succeed.
    let code = code.and_then(|code| u8::try_from(code).ok()).filter(|&code| code != 0);
    Ok(Exit::Command(code.unwrap_or(exit_code::FAILED)))
}

/// The process that stays: runs the session to its end.
fn stay(args: &UpArgs, workspace: &Workspace) -> Result<Exit> {
    // Held until the end, so that there is one at a time.
    let log = Session::open_log(workspace).map_err(|error| cannot_log(&error))?;
    lock(&log)?;
    if staying(workspace).is_some() {
        return Err(at_work());
    }
    let signals = Signals::new()?;
    let prepared = prepare_staying(args, workspace, Purpose::Run, &signals)?;
    let PreparedRun { config, shared, chosen, spec, .. } = &prepared;
    let plan = &shared.plan;
    if !args.quiet {
        announce_settings(config, plan, chosen, spec);
    }
    let idle = args.idle.map(Duration::from);
    let facts = session::facts(plan, spec, idle)?;
    let keeper = Keeper::new()?;
    let (session, observer, ready) = Session::begin_staying(workspace, plan, spec, facts, idle)?;
    announce_when_ready(&keeper, spec, ready)?;
    let publish = || Publish::Recorded(Observer::clone(&observer));
    let outcome =
        run_prepared(&prepared, workspace, args.quiet, keeper.streams(), &signals, publish);
    // A signal must not end paude before the session has removed what it created.
    let _watched = signals.watch()?;
    drop(session);
    outcome?.exit
}

/// Tells the process that shows the log, and the record, when the setup has succeeded.
fn announce_when_ready(keeper: &Keeper, spec: &RunSpec, record_ready: RecordReady) -> Result<()> {
    let spec = spec.clone();
    keeper.when_ready(move || {
        record_ready(session::image_id(&spec));
        let _ = writeln!(std::io::stdout(), "{}", spec.name);
    })
}
