//! Machine code of custom policies, cached for later runs in the user's cache directory.
//!
//! Cached code runs without any check, so only the user may be able to write it: the directory
//! belongs to the user, no other user can enter it, and no other user can replace it or one of
//! its parents. Where that does not hold, or nothing can be written, every run compiles.

mod entries;

use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::home;
use crate::path::HostPath;
use crate::workspace::Workspace;

pub(super) use entries::Cache;
use entries::UNFINISHED;

/// Writing an entry takes less than a second: an older unfinished one belongs to a killed run.
const UNFINISHED_AGE: Duration = Duration::from_secs(60);

/// What moves the cache.
const VARIABLE: &str = "XDG_CACHE_HOME";

/// Opens the cache and creates it if it is missing. Returns `None` where it would not be safe,
/// and for a cache in the workspace, where containers can write.
pub(super) fn open(workspace: Option<&Path>) -> Option<Cache> {
    let path = home::create_exclusive(&directory()?, workspace, VARIABLE).ok()?;
    let _ = remove_unfinished(&path);
    Some(Cache::new(&path))
}

fn directory() -> Option<PathBuf> {
    Some(home::cache_dir()?.join("policies"))
}

/// Removes the temporary files of killed runs, which would block every later write of the
/// same entry.
fn remove_unfinished(cache: &Path) -> io::Result<()> {
    for entry in list_files(cache)? {
        if entry.path().extension() != Some(UNFINISHED.as_ref()) {
            continue;
        }
        let Ok(modified) = entry.metadata().and_then(|data| data.modified()) else { continue };
        // A time in the future shows that the clock was set back, or that the file was copied.
        let age = modified.elapsed().unwrap_or_else(|future| future.duration());
        if age > UNFINISHED_AGE {
            #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// The files of the cache: an entry has no extension, an unfinished one has.
fn list_files(cache: &Path) -> io::Result<Vec<DirEntry>> {
    #[expect(clippy::disallowed_methods, reason = "only paude writes to this directory")]
    let list = std::fs::read_dir::<PathBuf>;
    let mut files = Vec::new();
    for version in list(cache.join("modules"))? {
        files.extend(list(version?.path())?.collect::<io::Result<Vec<_>>>()?);
    }
    Ok(files)
}

/// What `paude doctor` shows about the cache.
#[derive(Debug)]
pub(crate) struct CacheStatus {
    /// The directory, links resolved.
    pub(crate) directory: PathBuf,
    /// The size in bytes of each cached policy.
    pub(crate) entries: Vec<u64>,
    /// Why policies of this project do not use the cache, if they do not.
    pub(crate) unused: Option<Error>,
}

/// Inspects the cache for policies of this project, and changes nothing. Returns `None` if it
/// was never created.
pub(crate) fn cache_status(workspace: &Workspace) -> Option<CacheStatus> {
    let path = HostPath::resolve(&directory()?).ok()?;
    let directory = path.as_path().to_owned();
    let all = list_files(&directory).unwrap_or_default();
    let entries = all.iter().filter(|entry| entry.path().extension().is_none());
    let entries = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
    let unused =
        home::check_exclusive(&directory, Some(workspace.path().as_path()), VARIABLE).err();
    Some(CacheStatus { directory, entries, unused })
}
