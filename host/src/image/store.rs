//! The directory `images` in the user's state directory: for each built image its lock and its
//! record, and the instructions that the user has allowed to be built.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
#[cfg(test)]
use std::path::Path;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::home;
use crate::workspace::Workspace;

/// What paude knows about a built image; `record.json` in its directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ImageRecord {
    /// The id that the engine gave it.
    pub(super) id: String,
    pub(super) engine: Engine,
    /// A few words about what it was built from.
    pub(super) title: String,
    pub(super) workspace: OsString,
    /// Distinguishes the project from a later one at the same path.
    pub(super) identity: String,
    /// The hash of all that it was built from; `None` if that was too much to be hashed.
    pub(super) stamp: Option<String>,
}

/// The number of digits of the hash in a name.
pub(super) const DIGITS: usize = 32;

/// The directory with an empty file for each hash that the user has allowed.
const ALLOWED: &str = "allowed";

/// The directory `images` in the state directory.
#[derive(Debug)]
pub(super) struct ImageStore(PathBuf);

#[expect(
    clippy::disallowed_methods,
    reason = "this is the owner of `images` in the state directory"
)]
impl ImageStore {
    /// Creates the store if necessary, for runs on this workspace. Fails if the store lies in the
    /// workspace, because a container could then write what paude trusts.
    pub(super) fn open(workspace: &Workspace) -> Result<Self> {
        let store = Self::locate()?;
        let workspace = workspace.path().as_path();
        home::create_private(&store.0, workspace).map(Self).map_err(|error| store.fail(&error))
    }

    /// The store, which may not exist yet.
    pub(super) fn locate() -> Result<Self> {
        let dir = home::state_dir().ok_or_else(|| {
            Error::failed("there is no directory to record images in")
                .hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        Ok(Self(dir.join("images")))
    }

    /// A store in a directory of a test.
    #[cfg(test)]
    pub(super) fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    fn fail(&self, error: &io::Error) -> Error {
        Error::failed(format!("cannot record images in `{}`: {error}", shown_path(&self.0)))
            .hint("set XDG_STATE_HOME to a directory of yours outside of the project")
    }

    /// Takes the lock of an image, waiting for a session that builds it, with a message unless
    /// `quiet`.
    pub(super) fn lock(&self, name: &str, quiet: bool) -> Result<File> {
        loop {
            if let Some(lock) = self.try_lock(name)? {
                return Ok(lock);
            }
            if !quiet {
                let _ = writeln!(io::stderr(), "Waiting for another session's build");
            }
            let waited = File::open(self.0.join(name)).and_then(|dir| dir.lock());
            match waited {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(self.fail(&error)),
                _ => {} // the directory may have been removed meanwhile
            }
        }
    }

    /// Takes the lock of an image; `None` if a session holds it.
    pub(super) fn try_lock(&self, name: &str) -> Result<Option<File>> {
        let path = self.0.join(name);
        let open_and_lock = || -> io::Result<Option<File>> {
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                created => created?,
            }
            let dir = File::open(&path)?;
            match dir.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
                Ok(()) => {}
            }
            // Before it was locked, it may have been removed and recreated.
            let (locked, current) = (dir.metadata()?, std::fs::metadata(&path)?);
            Ok((current.ino() == locked.ino()).then_some(dir))
        };
        match open_and_lock() {
            Err(error) if error.kind() == ErrorKind::NotFound && self.0.exists() => Ok(None),
            locked => locked.map_err(|error| self.fail(&error)),
        }
    }

    /// The record of an image; `None` if there is none, or it cannot be read.
    pub(super) fn read_record(&self, name: &str) -> Option<ImageRecord> {
        let bytes = std::fs::read(self.0.join(name).join("record.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes the record of an image, as a whole or not at all.
    pub(super) fn write_record(&self, name: &str, record: &ImageRecord) -> Result<()> {
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

    /// Removes the directory of an image.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        match std::fs::remove_dir_all(self.0.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.fail(&error)),
            _ => Ok(()),
        }
    }

    /// The names of all images, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.fail(&error))?,
        };
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_image_name(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Whether the user has allowed to build what has this hash.
    pub(super) fn is_allowed(&self, hash: &str) -> bool {
        self.0.join(ALLOWED).join(hash).is_file()
    }

    /// Records that the user allows to build what has this hash.
    pub(super) fn allow(&self, hash: &str) -> Result<()> {
        let dir = self.0.join(ALLOWED);
        let write = || -> io::Result<()> {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            let mut options = File::options();
            options.write(true).create(true).truncate(true).mode(0o600).open(dir.join(hash))?;
            Ok(())
        };
        write().map_err(|error| self.fail(&error))
    }
}

/// Whether a string has the form of a name.
fn is_image_name(text: &str) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let hash = text.strip_prefix("paude-");
    hash.is_some_and(|hash| hash.len() == DIGITS && hash.bytes().all(is_digit))
}
