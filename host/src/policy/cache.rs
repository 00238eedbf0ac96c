//! Machine code of policies that are not built in, kept for later runs: wasmtime's own
//! cache, in the person's cache directory.
//!
//! What is loaded from there runs unchecked, so it has to be the person's own work: the
//! directory is theirs, nobody else can look into it, and nobody else can put another one
//! in its place. Where that does not hold, or nothing can be written, every run compiles.

use std::fs::{DirBuilder, DirEntry};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use wasmtime::{Cache, CacheConfig};

use crate::error::Error;
use crate::escape::shown_path;
use crate::home;
use crate::path::HostPath;
use crate::workspace::Workspace;

/// The least that zstd can do: the code of a policy in Python, the largest, takes 13 MB.
const COMPRESSION: i32 = 1;
/// Writing an entry takes less than a second. What is older was cut off.
const CUT_OFF: Duration = Duration::from_secs(60);

/// The cache, made if it is not there yet. None lies in the workspace: what runs in a
/// container writes there.
pub(super) fn open(workspace: Option<&Path>) -> Option<Cache> {
    let path = directory()?;
    // Looked at before anything is made: what root makes in the HOME that `sudo` kept locks
    // its owner out, and what is made in a project stays there.
    let nearest = HostPath::nearest(&path).ok()?;
    let nearest = nearest.as_path();
    let is_in = |path: &Path| workspace.is_some_and(|workspace| path.starts_with(workspace));
    if is_in(&path) || is_in(nearest) || unsafe_place(nearest).is_some() {
        return None;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&path).ok()?;
    let path = HostPath::resolve(&path).ok()?;
    let path = path.as_path();
    if unused(path, workspace).is_some() {
        return None;
    }
    let _ = remove_cut_off(path);
    let mut config = CacheConfig::new();
    // The same level twice, or a policy that is used often would be packed anew, by a
    // thread that takes hundreds of megabytes for it.
    config
        .with_directory(path)
        .with_baseline_compression_level(COMPRESSION)
        .with_optimized_compression_level(COMPRESSION);
    Cache::new(config).ok()
}

fn directory() -> Option<PathBuf> {
    Some(home::cache()?.join("policies"))
}

/// Why nothing is loaded from a directory, if nothing is.
fn unused(directory: &Path, workspace: Option<&Path>) -> Option<Error> {
    let elsewhere = "set XDG_CACHE_HOME to a directory of your own, outside of it";
    if workspace.is_some_and(|workspace| directory.starts_with(workspace)) {
        let what = "it lies in this project, where containers write";
        return Some(Error::failed(what).hint(elsewhere));
    }
    if workspace.is_some_and(|workspace| workspace.starts_with(directory)) {
        let what = "this project lies in it, and containers write there";
        return Some(Error::failed(what).hint(elsewhere));
    }
    let data = match std::fs::symlink_metadata(directory) {
        Ok(data) => data,
        Err(error) => return Some(Error::failed(error.to_string())),
    };
    if !data.is_dir() {
        return Some(Error::failed("it is not a directory").hint("remove it"));
    }
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Some(Error::failed("it belongs to another person").hint(elsewhere));
    }
    let mode = data.mode() & 0o777;
    if mode & 0o077 != 0 {
        let close = format!("chmod 700 {}", shown_path(directory));
        return Some(Error::failed(format!("others may go there (mode {mode:o})")).hint(close));
    }
    let place = shown_path(unsafe_place(directory.parent()?)?);
    let what = format!("`{place}`, above it, is another person's, or others can write there");
    Some(Error::failed(what).hint(format!("chmod go-w {place}, or {elsewhere}")))
}

/// What on the way to a directory somebody else, but for root, can rename or put another
/// thing into.
fn unsafe_place(directory: &Path) -> Option<&Path> {
    const STICKY: u32 = 0o1000;
    let person = rustix::process::geteuid().as_raw();
    directory.ancestors().find(|place| {
        let Ok(data) = std::fs::symlink_metadata(place) else { return true };
        let others_write = data.mode() & 0o022 != 0 && data.mode() & STICKY == 0;
        others_write || (data.uid() != person && data.uid() != 0)
    })
}

/// Removes what a killed run was writing: it stands in the way of all that write the same
/// entry later.
fn remove_cut_off(cache: &Path) -> io::Result<()> {
    for entry in files(cache)? {
        let name = entry.file_name();
        let unfinished = name.to_string_lossy().contains(".wip-");
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if unfinished && age > CUT_OFF {
            #[expect(clippy::disallowed_methods, reason = "this directory is paude's own")]
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The cache's files: entries have no extension, what belongs to them has.
fn files(cache: &Path) -> io::Result<Vec<DirEntry>> {
    #[expect(clippy::disallowed_methods, reason = "this directory is paude's own")]
    let list = std::fs::read_dir::<PathBuf>;
    let mut files = Vec::new();
    for version in list(cache.join("modules"))? {
        files.extend(list(version?.path())?.collect::<io::Result<Vec<_>>>()?);
    }
    Ok(files)
}

/// What is kept, for people.
#[derive(Debug)]
pub struct Kept {
    /// Where.
    pub directory: PathBuf,
    /// The bytes of each policy's code.
    pub entries: Vec<u64>,
    /// Why it is not used, if it is not.
    pub unused: Option<Error>,
}

/// What is kept, if anything ever was, and whether a policy for this project would use it.
pub fn kept(workspace: &Workspace) -> Option<Kept> {
    let path = HostPath::resolve(&directory()?).ok()?;
    let directory = path.as_path().to_owned();
    let all = files(&directory).unwrap_or_default();
    let entries = all.iter().filter(|entry| entry.path().extension().is_none());
    let entries = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
    let unused = unused(&directory, Some(workspace.path().as_path()));
    Some(Kept { directory, entries, unused })
}
