//! A directory in the user's state directory with a directory for each thing that paude made with
//! an engine: its lock and its record.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::home;
use crate::value::is_hashed_name;
use crate::workspace::Workspace;

/// The name of a record.
const RECORD: &str = "record.json";

/// What paude knows about a thing; [`RECORD`] in its directory.
pub(crate) trait StoredRecord: Serialize + DeserializeOwned {
    /// The directory of all things of this kind in the state directory; their name in messages.
    const FOLDER: &'static str;
}

/// The directory of all things with this kind of record.
#[derive(Debug)]
pub(crate) struct RecordStore<R> {
    dir: PathBuf,
    kind: PhantomData<R>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the owner of the records in the state directory"
)]
impl<R: StoredRecord> RecordStore<R> {
    /// Creates the store if necessary, for runs on this workspace. Fails if the store lies in the
    /// workspace, because a container could then write the records that paude trusts.
    pub(crate) fn open(workspace: &Workspace) -> Result<Self> {
        let Self { dir, kind } = Self::locate()?;
        let created = home::create_private(&dir, workspace.path().as_path());
        let store = Self { dir, kind };
        created.map(|dir| Self { dir, kind }).map_err(|error| store.fail(&error))
    }

    /// The store, which may not exist yet.
    pub(crate) fn locate() -> Result<Self> {
        let dir = home::state_dir().ok_or_else(|| {
            Error::failed(format!("there is no directory to record {} in", R::FOLDER))
                .hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        Ok(Self { dir: dir.join(R::FOLDER), kind: PhantomData })
    }

    /// A store in a directory of a test.
    #[cfg(test)]
    pub(crate) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), kind: PhantomData }
    }

    /// The error of an operation in the store.
    pub(crate) fn fail(&self, error: &io::Error) -> Error {
        let (kind, dir) = (R::FOLDER, shown_path(&self.dir));
        Error::failed(format!("cannot record {kind} in `{dir}`: {error}"))
            .hint("set XDG_STATE_HOME to a directory of yours outside of the project")
    }

    /// Whether the store exists.
    pub(crate) fn exists(&self) -> bool {
        self.dir.exists()
    }

    /// The path of a file or directory in the store.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Locks the directory of a thing, which is created if necessary. Returns `None` if another
    /// session holds the lock, or has removed the directory meanwhile.
    pub(crate) fn lock_by(
        &self,
        name: &str,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<File>> {
        let path = self.path(name);
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

    /// The record of a thing; `None` if there is none, or it cannot be read.
    pub(crate) fn read_record(&self, name: &str) -> Option<R> {
        let bytes = std::fs::read(self.path(name).join(RECORD)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes the record of a thing, as a whole or not at all.
    pub(crate) fn write_record(&self, name: &str, record: &R) -> Result<()> {
        let json = serde_json::to_vec(record).map_err(|error| self.fail(&error.into()))?;
        home::replace_file(&self.path(name), RECORD, &json).map_err(|error| self.fail(&error))
    }

    /// Removes the directory of a thing.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        match std::fs::remove_dir_all(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.fail(&error)),
            _ => Ok(()),
        }
    }

    /// The names of all things, sorted.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.fail(&error))?,
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_hashed_name(name))
            .collect();
        names.sort();
        Ok(names)
    }
}
