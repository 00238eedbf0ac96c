//! The journal of a workspace: what its runs have started and not yet cleaned up, one line
//! of JSON each, in the user's state directory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::time::Duration;

use cap_std::fs::MetadataExt as _;
use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::escape::shown_path;
use crate::home;
use crate::path::HostPath;
use crate::workspace::Workspace;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum JournalEntry {
    /// A container that is about to be started.
    Container { engine: Engine, name: String },
    /// A container that is known to be gone.
    Gone { engine: Engine, name: String },
    /// A directory that is about to be created. The identity distinguishes it from a later
    /// directory of that name; `None` where only paude uses the name.
    Directory { path: String, identity: Option<String> },
}

/// How much of a journal is read, in bytes: thousands of lines.
const MAX_READ: u64 = 1 << 20;

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// Opens the journal of a workspace. Its name is the device and inode of the workspace, so
    /// that it stays the same if the workspace is renamed. Fails if it lies in the workspace,
    /// because a container could then write what paude removes.
    pub(super) fn open(workspace: &Workspace) -> io::Result<Self> {
        let dir = home::state_dir().ok_or_else(|| {
            io::Error::other("neither XDG_STATE_HOME nor HOME is an absolute path")
        })?;
        let data = workspace.dir().dir_metadata()?;
        let path = dir.join(format!("{:x}-{:x}.journal", data.dev(), data.ino()));
        let with_path = |error: io::Error| {
            io::Error::new(error.kind(), format!("`{}`: {error}", shown_path(&path)))
        };
        home::check_creatable(&dir).map_err(with_path)?;
        let existing = HostPath::canonicalize_existing_prefix(&dir).map_err(with_path)?;
        if existing.as_path().starts_with(workspace.path().as_path()) {
            return Err(with_path(io::Error::other("it lies in the project")));
        }
        #[expect(clippy::disallowed_methods, reason = "it is outside the workspace")]
        std::fs::create_dir_all(&dir).map_err(with_path)?;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        #[expect(clippy::disallowed_methods, reason = "it is outside the workspace")]
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(&path)
            .map_err(with_path)?;
        let data = file.metadata()?;
        // paude removes what the journal names, so nobody else may have written it.
        if !data.is_file() || data.uid() != rustix::process::geteuid().as_raw() {
            return Err(with_path(io::Error::other("not a regular file that you own")));
        }
        Ok(Self(file))
    }

    /// Takes a shared lock, waiting for an exclusive holder.
    pub(super) fn lock_shared(&self) -> io::Result<()> {
        Ok(flock(&self.0, FlockOperation::LockShared)?)
    }

    /// Takes an exclusive lock, in place of the shared one if this run holds it, and returns
    /// whether it did. Where another run holds a lock, this run holds none afterwards.
    pub(super) fn try_lock_exclusive(&self) -> bool {
        flock(&self.0, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// Appends lines with a single write, so that those of parallel runs never mix.
    ///
    /// # Errors
    ///
    /// The file would exceed [`MAX_READ`]: what lies beyond would never be removed.
    pub(super) fn append(&self, entries: &[JournalEntry]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        if self.0.metadata()?.len().saturating_add(lines.len() as u64) > MAX_READ {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the journal is full"));
        }
        (&self.0).write_all(&lines)
    }

    /// Reads the lines in the first [`MAX_READ`] bytes, and skips those that a kill or a full
    /// disk cut off.
    pub(super) fn entries(&self) -> Vec<JournalEntry> {
        let (mut file, mut text) = (&self.0, Vec::new());
        let _ = file.rewind().and_then(|()| file.take(MAX_READ).read_to_end(&mut text));
        let lines = text.split(|&byte| byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// The time since the last line was written.
    pub(super) fn age(&self) -> Duration {
        let written = self.0.metadata().and_then(|data| data.modified());
        written.ok().and_then(|written| written.elapsed().ok()).unwrap_or_default()
    }

    /// Replaces all lines by these.
    pub(super) fn replace(&self, entries: &[JournalEntry]) -> io::Result<()> {
        self.0.set_len(0)?;
        self.append(entries)
    }
}
