//! The person's state directory: a directory for each volume, with its record.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::home;
use crate::render::Engine;
use crate::workspace::Workspace;

/// What is known of a volume.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// Tells it from a later one of its name.
    pub(super) id: String,
    pub(super) engine: Engine,
    /// The image's id.
    pub(super) image: String,
    pub(super) workspace: OsString,
    /// Tells the project from a later one at its place.
    pub(super) identity: String,
    pub(super) environment: String,
    /// The setup that succeeded in it, and all that this depends on.
    pub(super) stamp: Option<String>,
}

/// `volumes` in the state directory.
#[derive(Debug)]
pub(super) struct Store(PathBuf);

#[expect(
    clippy::disallowed_methods,
    reason = "this is the owner of `volumes` in the state directory"
)]
impl Store {
    /// The store, for runs on this workspace: what a container could write is no place
    /// for what paude believes.
    pub(super) fn open(workspace: &Workspace) -> Result<Self> {
        let store = Self::find()?;
        let fail = |error: io::Error| store.error(&error);
        home::may_be_made(&store.0).map_err(fail)?;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&store.0).map_err(fail)?;
        let real = std::fs::canonicalize(&store.0).map_err(fail)?;
        if real.starts_with(workspace.path().as_path()) {
            return Err(store.error(&io::Error::other("it lies in the project")));
        }
        let data = std::fs::metadata(&real).map_err(fail)?;
        if data.uid() != rustix::process::geteuid().as_raw() {
            return Err(store.error(&io::Error::other("it is not yours")));
        }
        Ok(Self(real))
    }

    /// The store, whether or not it is there yet.
    pub(super) fn find() -> Result<Self> {
        let dir = home::state().ok_or_else(|| {
            Error::failed("there is no place to note volumes in")
                .hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        Ok(Self(dir.join("volumes")))
    }

    fn error(&self, error: &io::Error) -> Error {
        Error::failed(format!("cannot keep volumes in `{}`: {error}", shown_path(&self.0)))
            .hint("set XDG_STATE_HOME to a directory of yours outside of the project")
    }

    /// Of the built-in engine: what is mounted.
    pub(super) fn content(&self, name: &str) -> PathBuf {
        self.0.join(name).join("content")
    }

    /// Waits until nobody is alone with a volume, and says so unless it is to be `quiet`.
    pub(super) fn share(&self, name: &str, quiet: bool) -> Result<Option<File>> {
        if let Some(lock) = self.lock(name, FlockOperation::NonBlockingLockShared)? {
            return Ok(Some(lock));
        }
        if !quiet {
            let _ = writeln!(io::stderr(), "Waiting for another session's setup");
        }
        self.lock(name, FlockOperation::LockShared)
    }

    /// The lock of one who is alone with a volume, if nobody else holds it.
    pub(super) fn take(&self, name: &str) -> Result<Option<File>> {
        self.lock(name, FlockOperation::NonBlockingLockExclusive)
    }

    fn lock(&self, name: &str, operation: FlockOperation) -> Result<Option<File>> {
        let path = self.0.join(name);
        let lock = || -> io::Result<Option<File>> {
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => made?,
            }
            let dir = File::open(&path)?;
            match flock(&dir, operation) {
                Err(Errno::WOULDBLOCK) => return Ok(None),
                locked => locked?,
            }
            // It may have been removed, and made anew, meanwhile.
            let (held, now) = (dir.metadata()?, std::fs::metadata(&path));
            Ok(now.is_ok_and(|now| now.ino() == held.ino()).then_some(dir))
        };
        match lock() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            locked => locked.map_err(|error| self.error(&error)),
        }
    }

    /// What is known of a volume.
    pub(super) fn record(&self, name: &str) -> Option<Record> {
        let text = std::fs::read(self.0.join(name).join("record.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Notes it: wholly, or not at all.
    pub(super) fn write(&self, name: &str, record: &Record) -> Result<()> {
        let (new, own) = (self.0.join(name).join("new"), self.0.join(name).join("record.json"));
        let write = || -> io::Result<()> {
            let mut options = File::options();
            let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
            serde_json::to_writer(&file, record)?;
            file.sync_all()?;
            std::fs::rename(&new, &own)
        };
        write().map_err(|error| self.error(&error))
    }

    /// Empties what the built-in engine mounts. It is renamed first, so that half of it is
    /// never taken for the whole.
    pub(super) fn remove_content(&self, name: &str) -> Result<()> {
        let old = self.0.join(name).join("old");
        remove_all(&old).map_err(|error| self.error(&error))?;
        match std::fs::rename(self.content(name), &old) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            renamed => renamed.and_then(|()| remove_all(&old)).map_err(|error| self.error(&error)),
        }
    }

    /// Removes a volume's own directory.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        remove_all(&self.0.join(name)).map_err(|error| self.error(&error))
    }

    /// The names of all volumes.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.error(&error))?,
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| super::name::is_one(name))
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
