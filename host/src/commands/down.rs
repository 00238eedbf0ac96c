//! `paude down`.

use std::time::{Duration, Instant};

use super::announce::print_lines;
use crate::cli::DownArgs;
use crate::error::{Error, Exit, Result};
use crate::escape::{shown, shown_path};
use crate::session::{FoundSession, Session};
use crate::workspace::Workspace;

/// How long a session may take to end, and how often that is looked at.
const ENDING: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(20);

/// Ends the session that stays, and clears up after one that was killed.
pub(super) fn execute(args: &DownArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.workspace)?;
    let ended = end_staying(&workspace)?;
    Session::clean_up_killed(&workspace);
    if !ended {
        let path = shown_path(workspace.path().as_path());
        print_lines(&[format!("No session stays on {path}")]);
    }
    Ok(Exit::Ok)
}

/// Ends the sessions that stay on a project. Returns whether there was one.
pub(super) fn end_staying(workspace: &Workspace) -> Result<bool> {
    let mut ended = false;
    for session in Session::running_on(workspace).iter().filter(|session| session.stays()) {
        end(session)?;
        ended = true;
    }
    Ok(ended)
}

fn end(session: &FoundSession) -> Result<()> {
    session.ask_to_end();
    let started = Instant::now();
    while session.is_running() {
        if started.elapsed() > ENDING {
            let (name, paude) = (shown(&session.record.name), session.record.paude.pid);
            let seconds = ENDING.as_secs();
            return Err(Error::failed(format!("`{name}` did not end within {seconds} seconds"))
                .hint(format!("kill its process {paude}; the next run clears up")));
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(())
}
