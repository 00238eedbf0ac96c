//! The records of built images, and the instructions that the user has allowed to be built.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::error::Result;
use crate::record_store::{RecordStore, StoredRecord};

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

/// The directory with an empty file for each hash that the user has allowed.
const ALLOWED: &str = "allowed";

impl StoredRecord for ImageRecord {
    const FOLDER: &'static str = "images";
}

/// The directory `images` in the state directory.
pub(super) type ImageStore = RecordStore<ImageRecord>;

#[expect(clippy::disallowed_methods, reason = "below `images` in the state directory")]
impl RecordStore<ImageRecord> {
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
            let waited = File::open(self.path(name)).and_then(|dir| dir.lock());
            match waited {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(self.fail(&error)),
                _ => {} // the directory may have been removed meanwhile
            }
        }
    }

    /// Takes the lock of an image; `None` if a session holds it.
    pub(super) fn try_lock(&self, name: &str) -> Result<Option<File>> {
        match self.lock_by(name, File::try_lock)? {
            None if !self.exists() => Err(self.fail(&ErrorKind::NotFound.into())),
            locked => Ok(locked),
        }
    }

    /// Whether the user has allowed to build what has this hash.
    pub(super) fn is_allowed(&self, hash: &str) -> bool {
        self.path(ALLOWED).join(hash).is_file()
    }

    /// Records that the user allows to build what has this hash.
    pub(super) fn allow(&self, hash: &str) -> Result<()> {
        let dir = self.path(ALLOWED);
        let write = || -> io::Result<()> {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            let mut options = File::options();
            options.write(true).create(true).truncate(true).mode(0o600).open(dir.join(hash))?;
            Ok(())
        };
        write().map_err(|error| self.fail(&error))
    }
}
