//! The record of a running session: what `paude exec` needs to join it, `paude ps` to list it
//! and `paude down` to end it.
//!
//! It is a file of JSON lines in a directory of the session's own: first the description, then
//! what happened since. The session's paude holds a lock on it, so that the kernel says whether
//! the session runs: neither a kill nor a restart of the machine leaves a record that is believed.
//! Who joined keeps the file open, and can read what happened also after it was removed.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::execute::{Milestone, Observer, ProcessId};
use crate::plan::Plan;
use crate::render::on_path;
use crate::run_spec::{GuardedMount, RunSpec};
use crate::workspace::Workspace;

/// How much of a record is read, in bytes.
const MAX_READ: u64 = 4 << 20;

/// The number of attempts to remove a directory of records.
const TRIES: u32 = 100;

/// The name of the record in the session's directory.
const FILE: &str = "record";

/// The description of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionRecord {
    /// The name of the session, and of its container.
    pub(crate) name: String,
    pub(crate) engine: Engine,
    /// The project's directory.
    pub(crate) workspace: OsString,
    /// The same in the container; the working directory.
    pub(crate) target: OsString,
    /// The command; empty for a shell.
    pub(crate) command: Vec<OsString>,
    /// The hidden directories: below the project, or whole paths in further directories.
    pub(crate) environments: Vec<String>,
    /// What comes first on PATH in the container, as [`on_path`] says it.
    pub(crate) on_path: OsString,
    /// Shell text that sets further variables; may be empty.
    pub(crate) variables: String,
    pub(crate) guarded: Vec<GuardedMount>,
    pub(crate) setup: Option<String>,
    /// When it began, in seconds since 1970.
    pub(crate) since: u64,
    /// paude's own process.
    pub(crate) paude: ProcessId,
    /// What `paude up` compares, each with its title; `None` if the session does not stay.
    pub(crate) facts: Option<Vec<Fact>>,
}

/// Something that a session that stays depends on: its title, and its value.
pub(crate) type Fact = (String, String);

/// Something that happened after the session began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SessionEvent {
    /// The container runs: its first process, if that was seen on this machine.
    Started(Option<ProcessId>),
    /// The setup of a session that stays has succeeded, in the image with this id.
    Ready(String),
    /// The shadow at this path was lost.
    Lost(OsString),
}

impl SessionRecord {
    /// Describes a session that is about to run.
    pub(super) fn new(
        workspace: &Workspace,
        plan: &Plan,
        spec: &RunSpec,
        facts: Option<Vec<Fact>>,
    ) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            name: spec.name.clone(),
            engine: spec.engine,
            workspace: workspace.path().as_path().into(),
            target: plan.target().as_path().into(),
            command: spec.command.clone(),
            environments: plan.hidden_paths(),
            on_path: on_path(plan),
            variables: spec.variables.clone(),
            guarded: spec.guarded.clone(),
            setup: spec.setup.clone(),
            since: since.as_secs(),
            paude: ProcessId::own(),
            facts,
        }
    }
}

/// The record of this process's own session; dropping it removes it.
#[derive(Debug)]
pub(crate) struct OwnRecord {
    dir: PathBuf,
    file: File,
}

#[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
impl OwnRecord {
    /// Creates the record below a directory; it appears there complete and locked.
    pub(super) fn create(sessions: &Path, record: &SessionRecord) -> io::Result<Self> {
        let dir = sessions.join(&record.name);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let (new, path) = (dir.join("new"), dir.join(FILE));
        let mut options = File::options();
        let file = options.read(true).append(true).create_new(true).mode(0o600).open(&new)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let own = Self { dir, file };
        own.append_line(record)?;
        std::fs::rename(new, path)?;
        Ok(own)
    }

    /// Adds what happened. Fails silently, as nothing in the session depends on it.
    pub(crate) fn append(&self, event: &SessionEvent) {
        let _ = self.append_line(event);
    }

    /// What adds each milestone of a run.
    pub(crate) fn observer(own: &std::sync::Arc<Self>) -> Observer {
        let own = std::sync::Arc::clone(own);
        std::sync::Arc::new(move |milestone| {
            own.append(&match milestone {
                Milestone::Started(process) => SessionEvent::Started(process),
                Milestone::Lost(path) => SessionEvent::Lost(path.into()),
            });
        })
    }

    /// The session's directory, where those who join it have their files.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes the record; those who have it open can go on reading it.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(self.dir.join(FILE));
        remove_all(&self.dir);
        if let Some(sessions) = self.dir.parent() {
            let _ = std::fs::remove_dir(sessions);
        }
        let _ = flock(&self.file, FlockOperation::Unlock);
    }

    /// One write, so that lines of several threads do not mix.
    fn append_line(&self, content: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(content)?;
        line.push(b'\n');
        (&self.file).write_all(&line)
    }
}

/// A session as another process sees it.
#[derive(Debug)]
pub(crate) struct FoundSession {
    dir: PathBuf,
    file: File,
    pub(crate) record: SessionRecord,
}

impl FoundSession {
    /// Reads the record in a session's directory; `None` if there is none, or if it is not this
    /// user's.
    fn read(dir: PathBuf) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = File::options();
        #[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
        let file = options.read(true).custom_flags(flags).open(dir.join(FILE)).ok()?;
        let data = file.metadata().ok()?;
        if !data.is_file() || data.uid() != rustix::process::geteuid().as_raw() {
            return None;
        }
        let record = serde_json::from_slice(lines(&file).first()?).ok()?;
        Some(Self { dir, file, record })
    }

    /// Whether its paude runs: whether that holds its lock.
    pub(crate) fn is_running(&self) -> bool {
        match flock(&self.file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => {
                let _ = flock(&self.file, FlockOperation::Unlock);
                false
            }
            Err(error) => error == rustix::io::Errno::WOULDBLOCK,
        }
    }

    /// Asks its paude to end it, as by SIGTERM. While that holds its lock, its number is its own.
    pub(crate) fn ask_to_end(&self) {
        let paude = self.record.paude;
        let pid = rustix::process::Pid::from_raw(paude.pid.cast_signed());
        if let Some(pid) = pid.filter(|_| paude.is_running() && self.is_running()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }

    /// Whether it stays until `paude down`.
    pub(crate) fn stays(&self) -> bool {
        self.record.facts.is_some()
    }

    /// The container's first process, if it runs, and if it was seen on this machine.
    pub(crate) fn started(&self) -> Option<Option<ProcessId>> {
        self.events().into_iter().find_map(|event| match event {
            SessionEvent::Started(process) => Some(process),
            _ => None,
        })
    }

    /// The path of the shadow that was lost.
    pub(crate) fn lost(&self) -> Option<OsString> {
        self.events().into_iter().find_map(|event| match event {
            SessionEvent::Lost(path) => Some(path),
            _ => None,
        })
    }

    /// The id of the image in which the setup of a session that stays has succeeded.
    pub(crate) fn ready_image(&self) -> Option<String> {
        self.events().into_iter().find_map(|event| match event {
            SessionEvent::Ready(image) => Some(image),
            _ => None,
        })
    }

    /// Whether the setup has ended; `None` if that cannot be seen from here.
    pub(crate) fn is_prepared(&self) -> Option<bool> {
        let Some(setup) = &self.record.setup else { return Some(true) };
        if self.ready_image().is_some() {
            return Some(true);
        }
        if self.stays() {
            return Some(false);
        }
        let init = self.started()??;
        let script = match self.record.engine {
            Engine::Native => ProcessId::of(*init.children().first()?)?,
            _ => init,
        };
        let child = *script.children().first()?;
        let arguments = ProcessId::arguments(child);
        // Between fork and exec the setup still has the arguments of paude's script.
        let is_setup = arguments.get(2).is_some_and(|text| text == setup.as_bytes());
        Some(!is_setup && arguments != ProcessId::arguments(script.pid))
    }

    /// The directory in which those who join it have their files.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    fn events(&self) -> Vec<SessionEvent> {
        let lines = lines(&self.file);
        lines.iter().skip(1).filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

/// The complete lines of a record.
fn lines(mut file: &File) -> Vec<Vec<u8>> {
    let mut text = Vec::new();
    let _ = file.rewind().and_then(|()| file.take(MAX_READ).read_to_end(&mut text));
    text.truncate(text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1));
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

/// The running sessions whose records are below a directory, the newest first.
#[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
pub(super) fn running_in(sessions: &Path) -> Vec<FoundSession> {
    let entries = std::fs::read_dir(sessions).into_iter().flatten().flatten();
    let read = entries.filter_map(|entry| FoundSession::read(entry.path()));
    let mut found: Vec<_> = read.filter(FoundSession::is_running).collect();
    // The names end with the time in microseconds.
    let started = |found: &FoundSession| {
        let time = found.record.name.rsplit('-').next().map(|time| u128::from_str_radix(time, 16));
        time.and_then(Result::ok).unwrap_or(0)
    };
    found.sort_by_key(|found| std::cmp::Reverse(started(found)));
    found
}

/// Removes a directory with all records in it. Requires that none of their sessions runs.
#[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
pub(super) fn remove_all(dir: &Path) {
    // A command that is just joining may create its file in between.
    for _ in 0..TRIES {
        match std::fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {}
            _ => return,
        }
    }
}
