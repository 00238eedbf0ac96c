//! The user's store of policies that were pulled from registries: components, named by their
//! SHA-256, in the state directory.
//!
//! A run reads it and never fills it. Its records say which content a reference stands for, so
//! only the user may be able to write there; the content itself is hashed each time.

mod record;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bounded_read;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::home;
use crate::path::HostPath;
use crate::value::{OciReference, Sha256};

use record::PolicyRecord;
pub(crate) use record::{PolicyOrigin, StoredEntry};

/// What moves the store.
const VARIABLE: &str = "XDG_STATE_HOME";

/// The extension of a component.
const COMPONENT: &str = "wasm";
/// The extension of the record about a component.
const RECORD: &str = "json";

/// Bytes of a record.
const RECORD_BYTES: u64 = 1 << 20;

/// Writing a file takes less than a second: an older unfinished one is of a killed pull.
const UNFINISHED_AGE: Duration = Duration::from_secs(60);

/// The store, in a directory that only the user can write.
#[derive(Debug)]
pub(crate) struct PolicyStore {
    dir: PathBuf,
}

impl PolicyStore {
    /// The store, for a run on this workspace if there is one; `None` if nothing was ever pulled.
    /// Fails if others could have written it, containers of the workspace among them.
    pub(crate) fn open(workspace: Option<&Path>) -> Result<Option<Self>> {
        let Some(dir) = directory() else { return Ok(None) };
        let real = match HostPath::resolve(&dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            real => real.map_err(|error| unusable(&dir, Error::failed(error.to_string())))?,
        };
        let dir = real.as_path().to_owned();
        home::check_exclusive(&dir, workspace, VARIABLE).map_err(|why| unusable(&dir, why))?;
        Ok(Some(Self { dir }))
    }

    /// The store, created if it is missing.
    pub(crate) fn create() -> Result<Self> {
        let dir = directory().ok_or_else(|| {
            Error::failed("there is no directory to keep policies in")
                .hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        let real = home::create_exclusive(&dir, None, VARIABLE);
        real.map(|dir| Self { dir }).map_err(|why| unusable(&dir, why))
    }

    /// The component with this content, of at most `limit` bytes; `None` if it was not pulled.
    pub(crate) fn read(&self, sha256: Sha256, limit: u64) -> Result<Option<Vec<u8>>> {
        let path = self.path(sha256, COMPONENT);
        let fail = |what: &dyn std::fmt::Display| {
            Error::failed(format!("the pulled policy sha256:{sha256} {what}"))
        };
        let Some(bytes) = bounded_read::read_named(&path, limit)
            .map_err(|error| fail(&format!("cannot be read: {error}")))?
        else {
            return Ok(None);
        };
        if Sha256::of(&bytes) != sha256 {
            return Err(fail(&"was changed after it was pulled")
                .hint(format!("paude policy remove sha256:{sha256}, and pull it again")));
        }
        Ok(Some(bytes))
    }

    /// The content that was last pulled by this reference.
    pub(crate) fn find(&self, reference: &OciReference) -> Result<Option<Sha256>> {
        let entries = self.list()?.into_iter();
        let pulled = entries.filter_map(|entry| {
            let origin = entry.origins.iter().find(|origin| origin.reference == *reference)?;
            Some((origin.pulled, entry.sha256))
        });
        Ok(pulled.max_by_key(|(time, _)| *time).map(|(_, sha256)| sha256))
    }

    /// Everything in the store, sorted by hash.
    pub(crate) fn list(&self) -> Result<Vec<StoredEntry>> {
        let mut entries = Vec::new();
        for path in self.files()? {
            let Some(sha256) = component_hash(&path) else { continue };
            let Ok(data) = path.metadata() else { continue };
            let origins = self.record(sha256).origins;
            entries.push(StoredEntry { sha256, bytes: data.len(), origins });
        }
        entries.sort_unstable_by_key(|entry| *entry.sha256.bytes());
        Ok(entries)
    }

    /// Keeps a component, and that it was pulled by this reference, which from now on stands for
    /// it alone. Returns the hash.
    pub(crate) fn add(&self, component: &[u8], origin: PolicyOrigin) -> Result<Sha256> {
        let sha256 = Sha256::of(component);
        self.write(sha256, COMPONENT, component)?;
        for other in self.list()? {
            let is_older = |old: &PolicyOrigin| old.reference == origin.reference;
            if other.sha256 != sha256 && other.origins.iter().any(is_older) {
                let mut origins = other.origins;
                origins.retain(|old| !is_older(old));
                self.write_record(other.sha256, &PolicyRecord { origins })?;
            }
        }
        let mut record = self.record(sha256);
        record.origins.retain(|old| old.reference != origin.reference);
        record.origins.push(origin);
        self.write_record(sha256, &record)?;
        Ok(sha256)
    }

    /// Removes a component. Returns whether it was there.
    pub(crate) fn remove(&self, sha256: Sha256) -> Result<bool> {
        let removed = self.remove_file(&self.path(sha256, COMPONENT))?;
        self.remove_file(&self.path(sha256, RECORD))?;
        Ok(removed)
    }

    /// Removes what no reference stands for any more, and what killed pulls left. Returns the
    /// hashes of the former.
    pub(crate) fn prune(&self) -> Result<Vec<Sha256>> {
        for path in self.files()? {
            let modified = path.metadata().and_then(|data| data.modified());
            // A time in the future shows that the clock was set back.
            let age = modified.map(|it| it.elapsed().unwrap_or_else(|future| future.duration()));
            let is_old = age.is_ok_and(|age| age > UNFINISHED_AGE);
            if path.extension().is_some_and(|extension| extension == home::UNFINISHED) && is_old {
                self.remove_file(&path)?;
            }
        }
        let unused = self.list()?.into_iter().filter(|entry| entry.origins.is_empty());
        unused.map(|entry| self.remove(entry.sha256).map(|_| entry.sha256)).collect()
    }

    fn path(&self, sha256: Sha256, extension: &str) -> PathBuf {
        self.dir.join(file_name(sha256, extension))
    }

    /// The record about a component; an empty one if it is missing or damaged.
    fn record(&self, sha256: Sha256) -> PolicyRecord {
        let bytes = bounded_read::read_named(&self.path(sha256, RECORD), RECORD_BYTES);
        let bytes = bytes.ok().flatten().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn write_record(&self, sha256: Sha256, record: &PolicyRecord) -> Result<()> {
        let text = serde_json::to_vec(record).map_err(|error| self.fail(&error.into()))?;
        self.write(sha256, RECORD, &text)
    }

    /// Writes a file as a whole or not at all.
    fn write(&self, sha256: Sha256, extension: &str, bytes: &[u8]) -> Result<()> {
        let name = file_name(sha256, extension);
        home::replace_file(&self.dir, &name, bytes).map_err(|error| self.fail(&error))
    }

    #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
    fn remove_file(&self, path: &Path) -> Result<bool> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            removed => removed.map(|()| true).map_err(|error| self.fail(&error)),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
    fn files(&self) -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(&self.dir).map_err(|error| self.fail(&error))?;
        entries.map(|entry| Ok(entry.map_err(|error| self.fail(&error))?.path())).collect()
    }

    fn fail(&self, error: &io::Error) -> Error {
        unusable(&self.dir, Error::failed(error.to_string()))
    }
}

fn file_name(sha256: Sha256, extension: &str) -> String {
    format!("{sha256}.{extension}")
}

/// The component that a file of the store holds, by its name.
fn component_hash(file: &Path) -> Option<Sha256> {
    let is_component = file.extension().is_some_and(|extension| extension == COMPONENT);
    file.file_stem()?.to_str().filter(|_| is_component)?.parse().ok()
}

fn directory() -> Option<PathBuf> {
    Some(home::state_dir()?.join("policies"))
}

/// The error about a store that cannot be used for this reason, with the reason's hints.
fn unusable(dir: &Path, why: Error) -> Error {
    let what =
        format!("cannot use the pulled policies in `{}`: {}", shown_path(dir), why.message());
    why.hints().iter().fold(Error::failed(what), |error, hint| error.hint(hint.as_str()))
}
