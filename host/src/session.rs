//! Mount points that did not exist, and what a killed run left behind.
//!
//! An engine needs each mount point to exist, and leaves the ones it makes. So
//! `paude` makes them, and removes them again if they are still empty and nobody
//! uses them: to remove a directory takes the shadow over it away (the kernel
//! detaches it), in whichever container that is. Two locks see to that, and no
//! kill can leave them locked:
//!
//! - Every run of a person holds a shared lock on the workspace's journal. One that
//!   finds itself alone, at its begin or its end, clears what the journal names:
//!   containers of killed runs, then directories.
//! - Every run holds a shared lock on each empty directory that it hides. Another
//!   person's runs have another journal, but they meet here.
//!
//! A directory is made under a name that nobody else gives, noted with what tells it
//! from a later one, and then renamed: a kill while it is made leaves none that nobody
//! removes, nor costs the person a directory of their own.

mod directory;
mod journal;

use std::io::{self, ErrorKind};
use std::time::Duration;

use cap_std::fs::File;

use crate::engine::remove_container;
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::path::RelPath;
use crate::plan::{Plan, Shadow};
use crate::render::{Engine, Job};
use crate::workspace::{Place, Workspace};
use directory::Hold;
use journal::{Entry, Journal};

pub(crate) use directory::identity;

/// How often, and how long apart, a directory that another run is removing is tried.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// How long a client may take to make its container. One whose paude is killed goes on
/// for a moment, and a container that is removed meanwhile comes back.
const STARTING: Duration = Duration::from_secs(3);

/// A run's hold on its workspace; ends what it began when dropped.
#[derive(Debug)]
pub struct Session<'w> {
    workspace: &'w Workspace,
    /// The job's name, which no other run has.
    name: String,
    /// A run that makes no directory can do without.
    journal: io::Result<Journal>,
    /// The container that the journal names.
    container: Option<(Engine, String)>,
    /// The empty directories that this run hides, locked.
    held: Vec<File>,
}

impl<'w> Session<'w> {
    /// Joins the runs on this workspace, clears what killed ones left, and makes
    /// the mount points that the plan needs. This is also the last look at the paths
    /// before an engine mounts there: each must lead where it led when it was checked.
    pub fn begin(workspace: &'w Workspace, plan: &Plan, engine: Engine, job: &Job) -> Result<Self> {
        if !workspace.is_in_place() {
            return Err(changed(&shown_path(workspace.path().as_path())));
        }
        let journal = Journal::open(workspace);
        let name = job.name.clone();
        let mut session = Self { workspace, name, journal, container: None, held: Vec::new() };
        if let Ok(journal) = &session.journal {
            if journal.is_alone() {
                session.clear(journal);
            }
            journal.join().map_err(|error| {
                Error::failed(format!("cannot lock the journal of this run: {error}"))
            })?;
        }
        for shadow in plan.shadows() {
            session.hold(shadow, plan)?;
        }
        if engine != Engine::Native {
            let name = job.name.clone();
            // Where that fails, only a kill can leave the container behind.
            if session.note(Entry::Container { engine, name: name.clone() }).is_ok() {
                session.container = Some((engine, name));
            }
        }
        Ok(session)
    }

    /// Clears what killed runs on this workspace left, unless another run is there.
    pub fn clear_killed(workspace: &'w Workspace) {
        let (journal, name) = (Journal::open(workspace), String::new());
        drop(Self { workspace, name, journal, container: None, held: Vec::new() });
    }

    /// Says that the container is known to be gone.
    pub fn container_gone(&mut self) {
        if let Some((engine, name)) = self.container.take() {
            let _ = self.note(Entry::Gone { engine, name });
        }
    }

    fn note(&self, entry: Entry) -> io::Result<()> {
        let journal = self.journal.as_ref().map_err(|error| error.kind())?;
        journal.add(&[entry])
    }

    /// Looks at one mount point again, makes it if it is missing, and locks it.
    fn hold(&mut self, shadow: &Shadow, plan: &Plan) -> Result<()> {
        let path = shadow.path();
        let fail = |error: io::Error| {
            Error::failed(format!("cannot hide `{}`: {error}", shown(path.as_str())))
        };
        let inside = plan.is_inside(shadow);
        for _ in 0..TRIES {
            match self.workspace.place(path) {
                Ok(Place::Directory(real)) if inside && real == *path => {
                    match directory::hold(self.workspace.dir(), path).map_err(fail)? {
                        Hold::Locked(dir) => {
                            self.held.push(dir);
                            return Ok(());
                        }
                        Hold::NoNeed => return Ok(()),
                        Hold::Going => std::thread::sleep(PAUSE),
                    }
                }
                // Also one that was there: made by another run, which has ended since.
                Ok(Place::Missing(make)) if inside && make.last() == Some(path) => {
                    make.iter().try_for_each(|path| self.make(path))?;
                }
                Ok(Place::Outside) if !inside && self.leads_to(path, shadow) => return Ok(()),
                Err(error) => return Err(fail(error)),
                _ => break,
            }
        }
        Err(changed(&shown(path.as_str())))
    }

    fn leads_to(&self, path: &RelPath, shadow: &Shadow) -> bool {
        self.workspace.follow_outside(path).is_ok_and(|(real, marker)| {
            marker.is_some() && real.as_path() == shadow.target().as_path()
        })
    }

    /// Makes one directory and notes it. If it is there already, it is another's, and the
    /// caller looks again.
    fn make(&self, path: &RelPath) -> Result<()> {
        let fail = |why: String, hint: &str| {
            let text = format!("cannot make the mount point `{}`: {why}", shown(path.as_str()));
            Error::failed(text).hint(hint)
        };
        if let Err(error) = &self.journal {
            return Err(fail(
                format!("no journal to note it in: {error}"),
                "make the directory yourself, or set XDG_STATE_HOME to one that you may write to",
            ));
        }
        let cradle = format!(".{}", self.name);
        directory::make(self.workspace.dir(), path, &cradle, |entry| self.note(entry)).map_err(
            |error| {
                let hint = match error.kind() {
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space",
                    _ => "make the directory yourself, or leave it out with --venv",
                };
                fail(error.to_string(), hint)
            },
        )
    }

    /// Removes what the journal names, but for what is still in use. Only while alone.
    fn clear(&self, journal: &Journal) {
        let entries = journal.entries();
        let mut kept = Vec::new();
        for entry in &entries {
            if let Entry::Container { engine, name } = entry
                // In a project that is a whole home directory, containers write here too.
                && Job::could_be_named(name)
                && !entries.contains(&Entry::Gone { engine: *engine, name: name.clone() })
            {
                std::thread::sleep(STARTING.saturating_sub(journal.age()));
                if !remove_container(*engine, name, Duration::ZERO) {
                    kept.push(entry.clone());
                }
            }
        }
        // A container that may still run may use any of the directories.
        let in_use = !kept.is_empty();
        for entry in entries.iter().rev() {
            if let Entry::Directory { path, identity } = entry
                && let Ok(path) = RelPath::parse(path)
                && (in_use
                    || !directory::remove(
                        self.workspace.dir(),
                        &path,
                        identity.as_deref(),
                        !kept.is_empty(),
                    ))
            {
                kept.push(entry.clone());
            }
        }
        kept.reverse(); // outermost first again
        let _ = journal.keep(&kept);
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.held.drain(..).for_each(directory::release);
        // The last one out clears the table.
        if let Ok(journal) = &self.journal
            && journal.is_alone()
        {
            self.clear(journal);
        }
    }
}

/// Somebody put another thing in a path's place since the plan was checked.
fn changed(path: &str) -> Error {
    Error::failed(format!("`{path}` was replaced while paude looked at it"))
        .hint("nothing was started; run it again")
}
