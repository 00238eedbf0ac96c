//! The commands that joined a session. Each has a file in the session's directory and holds a
//! lock on it, so that the session's paude knows which of them were killed, and when one ran last.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};

use super::record::FoundSession;
use crate::engine::Engine;
use crate::error::Result;
use crate::execute;

/// How the name of such a file ends.
const END: &str = ".joined";

/// How often the session looks at the files.
const INTERVAL: Duration = Duration::from_millis(500);

/// The file of this process's own command; dropping it removes it.
#[derive(Debug)]
pub(crate) struct JoinedFile {
    path: PathBuf,
    id: String,
    _locked: File,
}

impl JoinedFile {
    /// Creates the file. Fails if the session has ended.
    #[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
    pub(crate) fn create(session: &FoundSession) -> io::Result<Self> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let id = format!("{:x}-{:x}", std::process::id(), time.as_nanos());
        let (new, path) =
            (session.dir().join(format!("{id}.new")), session.dir().join(format!("{id}{END}")));
        let locked = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
        flock(&locked, FlockOperation::LockExclusive)?;
        std::fs::rename(new, &path)?;
        Ok(Self { path, id, _locked: locked })
    }

    /// The id of the command.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for JoinedFile {
    fn drop(&mut self) {
        #[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A file of a command that joined.
struct JoinedEntry {
    path: PathBuf,
    id: String,
    /// Whether the command's paude runs.
    running: bool,
}

#[expect(clippy::disallowed_methods, reason = "the records are outside the workspace")]
fn entries(dir: &Path) -> Vec<JoinedEntry> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.strip_suffix(END)?.to_owned();
        let file = File::open(entry.path()).ok()?;
        let running = flock(&file, FlockOperation::NonBlockingLockShared).is_err();
        Some(JoinedEntry { path: entry.path(), id, running })
    };
    entries.filter_map(read).collect()
}

/// Ends, while `running` lives, what is left in the container of commands whose paude was killed.
/// With the built-in engine, the kernel tells the sandbox that.
pub(super) fn end_orphans(
    dir: PathBuf,
    engine: Engine,
    container: String,
    running: Weak<()>,
) -> Result<()> {
    execute::spawn_thread(move || {
        while running.strong_count() > 0 {
            for orphan in entries(&dir).into_iter().filter(|entry| !entry.running) {
                if engine != Engine::Native {
                    execute::end_joined(engine, &container, &orphan.id);
                }
                #[expect(clippy::disallowed_methods, reason = "outside the workspace")]
                let _ = std::fs::remove_file(orphan.path);
            }
            std::thread::sleep(INTERVAL);
        }
    })
}

/// Calls `then` once no command has run for so long.
pub(super) fn when_idle(
    dir: PathBuf,
    limit: Duration,
    then: impl FnOnce() + Send + 'static,
) -> Result<()> {
    execute::spawn_thread(move || {
        let mut used = SystemTime::now();
        // A clock that was set back shows no time that has passed.
        while used.elapsed().map_or(true, |idle| idle < limit) {
            std::thread::sleep(INTERVAL.min(limit));
            // The directory changes when a command joins, and when one ends.
            let changed = std::fs::metadata(&dir).and_then(|data| data.modified());
            match entries(&dir).iter().any(|entry| entry.running) {
                true => used = SystemTime::now(),
                false => used = changed.map_or(used, |changed| used.max(changed)),
            }
        }
        then();
    })
}
