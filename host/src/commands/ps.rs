//! `paude ps`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::print::print;
use crate::cli::{PsArgs, ReportFormat};
use crate::engine::Engine;
use crate::error::{Exit, Result};
use crate::escape::{shown, shown_path};
use crate::json_line;
use crate::session::{FoundSession, Session};
use crate::workspace::Workspace;

/// Prints the running sessions.
pub(super) fn execute(args: &PsArgs) -> Result<Exit> {
    let running = match args.all {
        true => Session::all_running(),
        false => Session::running_on(&Workspace::open(&args.workspace)?),
    };
    print(&match args.format {
        ReportFormat::Text => running.iter().map(|session| line(session, args.all)).collect(),
        ReportFormat::Json => {
            let sessions = running.iter().map(SessionJson::new).collect();
            json_line::line(&SessionsJson { version: 1, sessions })?
        }
    })
}

/// One session, as a line of text.
fn line(session: &FoundSession, with_workspace: bool) -> String {
    let record = &session.record;
    let since = UNIX_EPOCH + Duration::from_secs(record.since);
    let age = SystemTime::now().duration_since(since).unwrap_or_default().as_secs();
    let age = match age {
        0..60 => format!("{age}s"),
        60..3600 => format!("{}m", age / 60),
        3600..86400 => format!("{}h", age / 3600),
        _ => format!("{}d", age / 86400),
    };
    let state = match session.is_prepared() {
        Some(true) => "prepared",
        Some(false) => "in setup",
        None => "?",
    };
    let environments = record.environments.iter().map(|path| shown(path)).collect::<Vec<_>>();
    let environments =
        if environments.is_empty() { "-".to_owned() } else { environments.join(", ") };
    let of = match with_workspace {
        true => format!("  {}", shown_path(record.workspace.as_ref())),
        false => String::new(),
    };
    format!(
        "{}  {:6}  {age:>4}  {state:8}  {}  {environments}{of}\n",
        shown(&record.name),
        record.engine.to_string(),
        command(session)
    )
}

/// The command as text; what has none is a shell, or stays.
fn command(session: &FoundSession) -> String {
    if session.stays() {
        return "(up)".to_owned();
    }
    let words = session.record.command.iter().map(|word| word.to_string_lossy());
    let words = words.map(|word| shown(&word).into_owned()).collect::<Vec<_>>();
    if words.is_empty() { "(shell)".to_owned() } else { words.join(" ") }
}

/// The document of `paude ps --format json`; `docs/json.md` explains it.
#[derive(Serialize)]
struct SessionsJson<'s> {
    version: u32,
    sessions: Vec<SessionJson<'s>>,
}

#[derive(Serialize)]
struct SessionJson<'s> {
    name: &'s str,
    engine: Engine,
    workspace: String,
    since: u64,
    command: Vec<String>,
    environments: &'s [String],
    stays: bool,
    prepared: Option<bool>,
}

impl<'s> SessionJson<'s> {
    fn new(session: &'s FoundSession) -> Self {
        let record = &session.record;
        let command = record.command.iter().map(|word| word.to_string_lossy().into_owned());
        let command = if session.stays() { Vec::new() } else { command.collect() };
        Self {
            name: &record.name,
            engine: record.engine,
            workspace: record.workspace.to_string_lossy().into_owned(),
            since: record.since,
            command,
            environments: &record.environments,
            stays: session.stays(),
            prepared: session.is_prepared(),
        }
    }
}
