//! Removes what killed runs left behind.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use super::journal::{Journal, JournalEntry};
use super::state_dir::StateDir;
use super::{CLEAN_UP, Session, directory, record};
use crate::deadline::Deadline;
use crate::execute::remove_container;
use crate::path::RelPath;
use crate::run_spec::RunSpec;
use crate::workspace::Workspace;

/// How long a client may take to create its container. After its paude is killed it goes on for
/// a moment, so a container that is removed earlier may appear again.
const CREATION: Duration = Duration::from_secs(3);

impl Session<'_> {
    /// Removes what the journal names, except what is still in use; containers only before the
    /// deadline, as an engine may not answer. Requires the exclusive lock.
    pub(super) fn clean_up(&self, state: &StateDir, journal: &Journal, deadline: Deadline) {
        record::remove_all(&state.sessions());
        let entries = journal.entries();
        let mut remaining = Vec::new();
        for entry in &entries {
            if let JournalEntry::Container { engine, name } = entry
                // A container may write the journal if the project is a whole home directory.
                && RunSpec::is_container_name(name)
                && !entries.contains(&JournalEntry::Gone { engine: *engine, name: name.clone() })
            {
                let is_removed = !deadline.is_over() && {
                    std::thread::sleep(CREATION.saturating_sub(journal.age()));
                    remove_container(*engine, name, Duration::ZERO)
                };
                if !is_removed {
                    remaining.push(entry.clone());
                }
            }
        }
        // A container that may still run may use any of the directories.
        let in_use = !remaining.is_empty();
        for entry in entries.iter().rev() {
            if let JournalEntry::Directory { path, identity } = entry
                && let Ok(path) = RelPath::parse(path)
                && (in_use
                    || !directory::remove(
                        self.workspace.dir(),
                        &path,
                        identity.as_deref(),
                        !remaining.is_empty(),
                    ))
            {
                remaining.push(entry.clone());
            }
        }
        for entry in entries {
            if let JournalEntry::Further { path } = &entry
                && (in_use || !clean_up_further(path))
            {
                remaining.push(entry);
            }
        }
        remaining.reverse(); // outermost first again
        let _ = journal.replace(&remaining);
    }
}

/// Does the same for a further directory. Returns false if a later clean-up has to try again,
/// because a run is active there. Ends for any journals, as each is locked meanwhile.
fn clean_up_further(path: &OsStr) -> bool {
    let Ok(further) = Workspace::open(Path::new(path)) else { return true };
    let session = Session::open(&further, String::new());
    match &session.state {
        Ok((state, journal)) if journal.try_lock_exclusive() => {
            session.clean_up(state, journal, Deadline::after(CLEAN_UP));
            true
        }
        state => state.is_err(),
    }
}
