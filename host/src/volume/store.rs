//! The user's state directory, with a directory for each volume: its lock and its record.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::home;
use crate::workspace::Workspace;

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

/// The directory `volumes` in the state directory.
#[derive(Debug)]
pub(super) struct Store(PathBuf);

#[expect(
    clippy::disallowed_methods,
    reason = "this is the owner of `volumes` in the state directory"
)]
impl Store {
    /// Creates the store if necessary, for runs on this workspace. Fails if the store lies in the
    /// workspace, because a container could then write the records that paude trusts.
    pub(super) fn open(workspace: &Workspace) -> Result<Self> {
        let store = Self::locate()?;
        let workspace = workspace.path().as_path();
        home::create_private(&store.0, workspace).map(Self).map_err(|error| store.fail(&error))
    }

    /// The store, which may not exist yet.
    pub(super) fn locate() -> Result<Self> {
        let dir = home::state_dir().ok_or_else(|| {
            Error::failed("there is no directory to record volumes in")
                .hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        Ok(Self(dir.join("volumes")))
    }

    /// A store in a directory of a test.
    #[cfg(test)]
    pub(super) fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    fn fail(&self, error: &io::Error) -> Error {
        Error::failed(format!("cannot record volumes in `{}`: {error}", shown_path(&self.0)))
            .hint("set XDG_STATE_HOME to a directory of yours outside of the project")
    }

    /// The directory that the built-in engine mounts.
    pub(super) fn content_dir(&self, name: &str) -> PathBuf {
        self.0.join(name).join("content")
    }

    /// Takes a shared lock on a volume, waiting for an exclusive holder, with a message unless
    /// `quiet`. Returns `None` if the volume was removed while it waited.
    pub(super) fn lock_shared(&self, name: &str, quiet: bool) -> Result<Option<File>> {
        if let Some(lock) = self.lock(name, File::try_lock_shared)? {
            return Ok(Some(lock));
        }
        if !quiet {
            let _ = writeln!(io::stderr(), "Waiting for another session's setup");
        }
        self.lock(name, |dir| dir.lock_shared().map_err(TryLockError::Error))
    }

    /// Takes an exclusive lock on a volume; `None` if another run holds a lock.
    pub(super) fn try_lock_exclusive(&self, name: &str) -> Result<Option<File>> {
        self.lock(name, File::try_lock)
    }

    /// Locks the directory of a volume, which is created if necessary.
    fn lock(
        &self,
        name: &str,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<File>> {
        let path = self.0.join(name);
        let open_and_lock = || -> io::Result<Option<File>> {
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                created => created?,
            }
            let dir = File::open(&path)?;
            match lock(&dir) {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
                Ok(()) => {}
            }
            // Before it was locked, it may have been removed and recreated.
            let (locked, current) = (dir.metadata()?, std::fs::metadata(&path));
            Ok(current.is_ok_and(|current| current.ino() == locked.ino()).then_some(dir))
        };
        match open_and_lock() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            locked => locked.map_err(|error| self.fail(&error)),
        }
    }

    /// The record of a volume; `None` if there is none, or it cannot be read.
    pub(super) fn read_record(&self, name: &str) -> Option<Record> {
        let bytes = std::fs::read(self.0.join(name).join("record.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes the record of a volume, as a whole or not at all.
    pub(super) fn write_record(&self, name: &str, record: &Record) -> Result<()> {
        let dir = self.0.join(name);
        let (temporary, path) = (dir.join("new"), dir.join("record.json"));
        let write = || -> io::Result<()> {
            let mut options = File::options();
            options.write(true).create(true).truncate(true).mode(0o600);
            let file = options.open(&temporary)?;
            serde_json::to_writer(&file, record)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &path)
        };
        write().map_err(|error| self.fail(&error))
    }

    /// Removes the directory that the built-in engine mounts. It is renamed first, so that a
    /// half-removed one is never mounted.
    pub(super) fn remove_content(&self, name: &str) -> Result<()> {
        let old = self.0.join(name).join("old");
        remove_all(&old).map_err(|error| self.fail(&error))?;
        match std::fs::rename(self.content_dir(name), &old) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            renamed => renamed.and_then(|()| remove_all(&old)).map_err(|error| self.fail(&error)),
        }
    }

    /// Removes the directory of a volume.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        remove_all(&self.0.join(name)).map_err(|error| self.fail(&error))
    }

    /// The names of all volumes, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.fail(&error))?,
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| super::name::is_volume_name(name))
            .collect();
        names.sort();
        Ok(names)
    }
}

#[expect(clippy::disallowed_methods, reason = "below `volumes` in the state directory")]
fn remove_all(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
