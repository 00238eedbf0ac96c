//! The records of volumes, and their locks.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::Result;
use crate::record_store::{RecordStore, StoredRecord};

/// What paude knows about a volume; `record.json` in its directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Distinguishes the volume from a later one of the same name.
    pub(super) id: String,
    pub(super) engine: Engine,
    /// The id of the image.
    pub(super) image: String,
    pub(super) workspace: OsString,
    /// Distinguishes the project from a later one at the same path.
    pub(super) identity: String,
    /// `None` for a cache.
    pub(super) environment: Option<String>,
    /// The stamp of the setup that succeeded in it: a hash of everything that it depends on.
    pub(super) stamp: Option<String>,
}

impl StoredRecord for Record {
    const FOLDER: &'static str = "volumes";
}

/// The directory `volumes` in the state directory.
pub(super) type Store = RecordStore<Record>;

impl RecordStore<Record> {
    /// The directory that the built-in engine mounts.
    pub(super) fn content_dir(&self, name: &str) -> PathBuf {
        self.path(name).join("content")
    }

    /// Takes a shared lock on a volume, waiting for an exclusive holder, with a message unless
    /// `quiet`. Returns `None` if the volume was removed while it waited.
    pub(super) fn lock_shared(&self, name: &str, quiet: bool) -> Result<Option<File>> {
        if let Some(lock) = self.lock_by(name, File::try_lock_shared)? {
            return Ok(Some(lock));
        }
        if !quiet {
            let _ = writeln!(io::stderr(), "Waiting for another session's setup");
        }
        self.lock_by(name, |dir| dir.lock_shared().map_err(TryLockError::Error))
    }

    /// Takes an exclusive lock on a volume; `None` if another run holds a lock.
    pub(super) fn try_lock_exclusive(&self, name: &str) -> Result<Option<File>> {
        self.lock_by(name, File::try_lock)
    }

    /// Removes the directory that the built-in engine mounts. It is renamed first, so that a
    /// half-removed one is never mounted.
    pub(super) fn remove_content(&self, name: &str) -> Result<()> {
        let old = self.path(name).join("old");
        remove_all(&old).map_err(|error| self.fail(&error))?;
        match std::fs::rename(self.content_dir(name), &old) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            renamed => renamed.and_then(|()| remove_all(&old)).map_err(|error| self.fail(&error)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "below `volumes` in the state directory")]
fn remove_all(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
