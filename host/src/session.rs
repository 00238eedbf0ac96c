//! Mount points that did not exist, and the cleanup after killed runs.
//!
//! An engine needs each mount point to exist, and leaves behind the ones that it creates. So
//! paude creates them, and removes them again if they are still empty and not in use. Removing
//! a directory that is in use would detach the shadow on it, in whichever container that is.
//! Two locks prevent it, and the kernel releases both when a run is killed:
//!
//! - Every run of a user holds a shared lock on the workspace's journal. A run that gets an
//!   exclusive lock, at its start or its end, cleans up what the journal names: the containers
//!   of killed runs, then directories.
//! - Every run holds a shared lock on each empty directory that it hides. Runs of different
//!   users have different journals, but share these locks.
//!
//! While a session runs, a record of it lets other commands join it (`record`).
//!
//! A directory is created under a staging name that only this run uses, recorded with its
//! identity, and then renamed. So a run that is killed meanwhile leaves no directory that paude
//! would not remove, and paude removes none that the user created.

mod clean_up;
mod directory;
mod joined;
mod journal;
mod mount_points;
mod record;
mod state_dir;
mod up;

use std::fs::File as StdFile;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use cap_std::fs::File;

use crate::deadline::Deadline;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::execute::Observer;
use crate::path::RelPath;
use crate::plan::Plan;
use crate::run_spec::RunSpec;
use crate::workspace::Workspace;
use journal::{Journal, JournalEntry};
use record::OwnRecord;
use state_dir::StateDir;

pub(crate) use directory::{identity, workspace_identity};
pub(crate) use joined::JoinedFile;
pub(crate) use record::{Fact, FoundSession, SessionEvent, SessionRecord};
pub(crate) use up::{differences, facts, image_id};

/// How long a clean-up goes on to remove containers. The last one may take ten seconds more; what
/// remains is left to the next run.
const CLEAN_UP: Duration = Duration::from_secs(30);

/// How long to wait for another run that cleans up.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// To be called with the id of the image, once the setup of a session that stays has succeeded.
pub(crate) type RecordReady = Box<dyn FnOnce(String) + Send>;

/// A run's locks on its workspace; dropping it cleans up.
#[derive(Debug)]
pub(crate) struct Session<'w> {
    workspace: &'w Workspace,
    /// The name of the run's container, which no other run has.
    name: String,
    /// An error matters only to a run that creates a directory.
    state: io::Result<(StateDir, Journal)>,
    /// The record for those who join, with what keeps its threads running.
    record: Option<(Arc<OwnRecord>, Arc<()>)>,
    /// The container that the journal names.
    container: Option<(Engine, String)>,
    /// The locked empty directories that this run hides.
    locked: Vec<File>,
}

impl<'w> Session<'w> {
    /// Takes the locks, cleans up after killed runs, and creates the mount points that the plan
    /// needs.
    ///
    /// This is also the last check of the paths before an engine mounts there: each must lead
    /// where it led when the plan was checked.
    fn begin(workspace: &'w Workspace, plan: &Plan, spec: &RunSpec) -> Result<Self> {
        if !workspace.is_in_place() {
            return Err(mount_points::replaced(&shown_path(workspace.path().as_path())));
        }
        let mut session = Self::hold(workspace, spec.name.clone())?;
        session.lock_mount_points(plan)?;
        if spec.engine != Engine::Native {
            let (engine, name) = (spec.engine, spec.name.clone());
            // Without this entry, the container stays behind only if this run is killed.
            if session.record(JournalEntry::Container { engine, name: name.clone() }).is_ok() {
                session.container = Some((engine, name));
            }
        }
        Ok(session)
    }

    /// Takes the lock on the workspace, after a clean-up unless another run is active.
    fn hold(workspace: &'w Workspace, name: String) -> Result<Self> {
        let session = Self::open(workspace, name);
        if let Ok((state, journal)) = &session.state {
            if journal.try_lock_exclusive() {
                session.clean_up(state, journal, Deadline::after(CLEAN_UP));
            }
            journal.lock_shared(MAX_WAIT)?;
        }
        Ok(session)
    }

    /// Checks the mount points again, creates those that are missing, and locks them, in the time
    /// that the plan has left.
    fn lock_mount_points(&mut self, plan: &Plan) -> Result<()> {
        let deadline = plan.start_deadline();
        for shadow in plan.shadows() {
            let create = |path: &RelPath| self.create(path);
            let locked = mount_points::lock(self.workspace, plan, shadow, deadline, create)?;
            self.locked.extend(locked);
        }
        Ok(())
    }

    /// Begins a session for each directory of the whole plan: the project's first, then those of
    /// the further directories. The container is in the journal of each.
    pub(crate) fn begin_all(
        workspaces: &[&'w Workspace],
        plan: &Plan,
        spec: &RunSpec,
    ) -> Result<Vec<Self>> {
        let mut sessions: Vec<Self> = Vec::new();
        for (workspace, part) in workspaces.iter().zip(plan.parts()) {
            // If this run is killed, the next one may not share the directory.
            if let Some(project) = sessions.first() {
                let path = workspace.path().as_path().into();
                let _ = project.record(JournalEntry::Further { path });
            }
            match Self::begin(workspace, part, spec) {
                Ok(session) => sessions.push(session),
                Err(error) => {
                    // No container was started.
                    sessions.iter_mut().for_each(Self::record_container_gone);
                    Self::end_all(sessions);
                    return Err(error);
                }
            }
        }
        Ok(sessions)
    }

    /// Ends the sessions of a run, the project's last: its journal names the further directories.
    pub(crate) fn end_all(mut sessions: Vec<Self>) {
        while sessions.pop().is_some() {}
    }

    /// Cleans up after killed runs on this workspace, unless another run is active.
    pub(crate) fn clean_up_killed(workspace: &'w Workspace) {
        drop(Self::open(workspace, String::new()));
    }

    fn open(workspace: &'w Workspace, name: String) -> Self {
        let state = StateDir::open(workspace);
        let state = state.and_then(|state| Ok((state.clone(), Journal::open(&state)?)));
        Self { workspace, name, state, record: None, container: None, locked: Vec::new() }
    }

    /// Records the session, so that other commands can join it until it ends. Returns the
    /// observer that keeps the record up to date.
    pub(crate) fn publish(&mut self, plan: &Plan, spec: &RunSpec) -> Option<Observer> {
        self.publish_as(plan, spec, None).ok().map(|record| OwnRecord::observer(&record))
    }

    /// Begins and records a session that stays, before anything of it runs: its setup may be a run
    /// of its own, which `paude down` has to end too. It ends `idle` after the last command that
    /// joined it, if that is given. Returns the observer as well, and what to call once the setup
    /// has succeeded.
    pub(crate) fn begin_staying(
        workspace: &'w Workspace,
        plan: &Plan,
        spec: &RunSpec,
        facts: Vec<Fact>,
        idle: Option<Duration>,
    ) -> Result<(Self, Observer, RecordReady)> {
        let mut session = Self::hold(workspace, spec.name.clone())?;
        let record = session.publish_as(plan, spec, Some(facts)).map_err(|error| {
            Error::failed(format!("cannot record the session: {error}"))
                .hint("set XDG_STATE_HOME to a writable directory outside of the project")
        })?;
        let own = Arc::clone(&record);
        let ready = move |image: String| {
            own.append(&SessionEvent::Ready(image));
            if let Some(limit) = idle {
                let _ = joined::when_idle(own.dir().to_owned(), limit, || {
                    let own = rustix::process::getpid();
                    let _ = rustix::process::kill_process(own, rustix::process::Signal::TERM);
                });
            }
        };
        Ok((session, OwnRecord::observer(&record), Box::new(ready)))
    }

    fn publish_as(
        &mut self,
        plan: &Plan,
        spec: &RunSpec,
        facts: Option<Vec<Fact>>,
    ) -> io::Result<Arc<OwnRecord>> {
        let (state, _) =
            self.state.as_ref().map_err(|error| io::Error::other(error.to_string()))?;
        let record = SessionRecord::new(self.workspace, plan, spec, facts);
        let record = Arc::new(OwnRecord::create(&state.sessions(), &record)?);
        let running = Arc::new(());
        let (dir, watch) = (record.dir().to_owned(), Arc::downgrade(&running));
        self.record = Some((Arc::clone(&record), running));
        joined::end_orphans(dir, spec.engine, spec.name.clone(), watch)
            .map_err(|error| io::Error::other(error.message().to_owned()))?;
        Ok(record)
    }

    /// The sessions that run on a workspace, the newest first.
    pub(crate) fn running_on(workspace: &Workspace) -> Vec<FoundSession> {
        let state = StateDir::locate(workspace);
        state.map(|state| record::running_in(&state.sessions())).unwrap_or_default()
    }

    /// The sessions that run on any workspace.
    pub(crate) fn all_running() -> Vec<FoundSession> {
        state_dir::all_sessions().iter().flat_map(|dir| record::running_in(dir)).collect()
    }

    /// Opens the log of the session that stays on a workspace, and creates it.
    #[expect(clippy::disallowed_methods, reason = "it is outside the workspace")]
    pub(crate) fn open_log(workspace: &Workspace) -> io::Result<StdFile> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = StateDir::open(workspace)?.log();
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
        let mut options = StdFile::options();
        options.read(true).append(true).create(true).mode(0o600);
        let log = options.custom_flags(flags.cast_signed()).open(&path);
        log.map_err(|error| state_dir::fault(&path, &error))
    }

    /// Records that the container is known to be gone.
    pub(crate) fn record_container_gone(&mut self) {
        if let Some((engine, name)) = self.container.take() {
            let _ = self.record(JournalEntry::Gone { engine, name });
        }
    }

    fn record(&self, entry: JournalEntry) -> io::Result<()> {
        let (_, journal) = self.state.as_ref().map_err(|error| error.kind())?;
        journal.append(&[entry])
    }

    /// Creates one directory and records it. If another process creates it first, this does
    /// nothing, and the caller checks the path again.
    fn create(&self, path: &RelPath) -> Result<()> {
        let fail = |reason: String, hint: &str| {
            let path = shown(path.as_str());
            Error::failed(format!("cannot create the mount point `{path}`: {reason}")).hint(hint)
        };
        if let Err(error) = &self.state {
            return Err(fail(
                format!("no journal to record it in: {error}"),
                "create the directory yourself, or set XDG_STATE_HOME to a writable directory \
                 outside of the project",
            ));
        }
        let staging = format!(".{}", self.name);
        let record = |entry| self.record(entry);
        directory::create(self.workspace.dir(), path, &staging, record).map_err(|error| {
            let hint = match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space",
                _ => "create the directory yourself, or leave it out with --venv",
            };
            fail(error.to_string(), hint)
        })
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.locked.drain(..).for_each(directory::unlock);
        if let Ok((state, journal)) = &self.state
            && journal.try_lock_exclusive()
        {
            self.clean_up(state, journal, Deadline::after(CLEAN_UP));
        }
        // Last, as `paude down` waits for it, and leaves nothing.
        if let Some((record, _running)) = self.record.take() {
            record.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Selection};

    /// A session without a journal.
    fn session(workspace: &Workspace) -> Session<'_> {
        let (name, state) = ("paude-1".to_owned(), Err(ErrorKind::NotFound.into()));
        Session { workspace, name, state, record: None, container: None, locked: Vec::new() }
    }

    #[test]
    fn mount_points_are_prepared_in_the_time_that_the_plan_has_left() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(dir.path()).unwrap();
        let selection = Selection::Listed(vec![RelPath::parse("deep/er/.venv").unwrap()]);
        let config = Config { selection, ..Config::default() };
        let proposal = crate::policy::propose(&config, &workspace, true).unwrap();
        let deadline = Deadline::after(Duration::from_secs(3600));
        let plan = Plan::check(&proposal.raw, &workspace, &config, deadline).unwrap().expired();
        let mut session = session(&workspace);
        let error = session.lock_mount_points(&plan).unwrap_err();
        let message = "finding the environments and preparing their mount points took more than \
                       3600 s; nothing was started";
        assert_eq!(error.message(), message);
        assert_eq!(workspace.dir().entries().unwrap().count(), 0);
    }

    #[test]
    fn a_clean_up_that_takes_too_long_is_left_to_the_next_run() {
        let (dir, file) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let workspace = Workspace::open(dir.path()).unwrap();
        workspace.dir().create_dir(".venv").unwrap();
        let journal = Journal::of_test(&file);
        let name = "paude-no-such-container".to_owned();
        let directory = JournalEntry::Directory { path: ".venv".to_owned(), identity: None };
        let entries = [JournalEntry::Container { engine: Engine::Podman, name }, directory];
        journal.replace(&entries).unwrap();
        let session = session(&workspace);
        let state = tempfile::tempdir().unwrap();
        let state = StateDir::of_test(state.path());
        session.clean_up(&state, &journal, Deadline::after(Duration::ZERO));
        let mut remaining = journal.entries();
        remaining.reverse(); // directories come first
        assert_eq!(remaining, entries);
        assert!(dir.path().join(".venv").exists());
    }
}
