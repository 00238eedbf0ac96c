//! Machine code of custom policies, cached for later runs in the user's cache directory.
//!
//! Cached code runs without any check, so only the user may be able to write it: the directory
//! belongs to the user, no other user can enter it, and no other user can replace it or one of
//! its parents. Where that does not hold, or nothing can be written, every run compiles.

mod entries;

use std::fs::{DirBuilder, DirEntry};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::escape::shown_path;
use crate::home;
use crate::path::HostPath;
use crate::workspace::Workspace;

pub(super) use entries::Cache;
use entries::UNFINISHED;

/// Writing an entry takes less than a second: an older unfinished one belongs to a killed run.
const UNFINISHED_AGE: Duration = Duration::from_secs(60);

/// Opens the cache and creates it if it is missing. Returns `None` where it would not be safe,
/// and for a cache in the workspace, where containers can write.
pub(super) fn open(workspace: Option<&Path>) -> Option<Cache> {
    let path = directory()?;
    // Checked before anything is created: a directory that root creates in the HOME that `sudo`
    // preserved locks its owner out, and one created in a project stays there.
    let existing = HostPath::canonicalize_existing_prefix(&path).ok()?;
    let existing = existing.as_path();
    let is_in = |path: &Path| workspace.is_some_and(|workspace| path.starts_with(workspace));
    if is_in(&path) || is_in(existing) || find_unsafe_ancestor(existing).is_some() {
        return None;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&path).ok()?;
    let path = HostPath::resolve(&path).ok()?;
    let path = path.as_path();
    if check_directory(path, workspace).is_err() {
        return None;
    }
    let _ = remove_unfinished(path);
    Some(Cache::new(path))
}

fn directory() -> Option<PathBuf> {
    Some(home::cache_dir()?.join("policies"))
}

/// Fails with the reason if code in this directory cannot be trusted.
fn check_directory(directory: &Path, workspace: Option<&Path>) -> Result<(), Error> {
    let move_hint = "set XDG_CACHE_HOME to a directory of your own, outside the project";
    if workspace.is_some_and(|workspace| directory.starts_with(workspace)) {
        let what = "it is inside this project, where containers can write";
        return Err(Error::failed(what).hint(move_hint));
    }
    if workspace.is_some_and(|workspace| workspace.starts_with(directory)) {
        let what = "this project is inside it, and containers can write there";
        return Err(Error::failed(what).hint(move_hint));
    }
    let data = match std::fs::symlink_metadata(directory) {
        Ok(data) => data,
        Err(error) => return Err(Error::failed(error.to_string())),
    };
    if !data.is_dir() {
        return Err(Error::failed("it is not a directory").hint("remove it"));
    }
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::failed("it belongs to another user").hint(move_hint));
    }
    let mode = data.mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("other users have access to it (mode {mode:o})");
        return Err(Error::failed(what).hint(format!("chmod 700 {}", shown_path(directory))));
    }
    let Some(ancestor) = directory.parent().and_then(find_unsafe_ancestor) else { return Ok(()) };
    let ancestor = shown_path(ancestor);
    let what = format!("its parent `{ancestor}` belongs to another user or is writable by others");
    Err(Error::failed(what).hint(format!("chmod go-w {ancestor}, or {move_hint}")))
}

/// The innermost directory, from this one up, whose entries a user other than root could
/// rename or replace.
fn find_unsafe_ancestor(directory: &Path) -> Option<&Path> {
    const STICKY: u32 = 0o1000;
    let user = rustix::process::geteuid().as_raw();
    directory.ancestors().find(|ancestor| {
        let Ok(data) = std::fs::symlink_metadata(ancestor) else { return true };
        let others_write = data.mode() & 0o022 != 0 && data.mode() & STICKY == 0;
        others_write || (data.uid() != user && data.uid() != 0)
    })
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
    let unused = check_directory(&directory, Some(workspace.path().as_path())).err();
    Some(CacheStatus { directory, entries, unused })
}
