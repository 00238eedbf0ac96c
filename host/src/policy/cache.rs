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

use crate::home;
use crate::path::HostPath;

/// The least that zstd can do: the code of a policy in Python, the largest, takes 13 MB.
const COMPRESSION: i32 = 1;
/// Writing an entry takes less than a second. What is older was cut off.
const CUT_OFF: Duration = Duration::from_secs(60);

/// The cache, made if it is not there yet. None lies in the workspace: what runs in a
/// container writes there.
pub(super) fn open(workspace: Option<&Path>) -> Option<Cache> {
    let path = directory()?;
    let is_shared = |path: &Path| {
        workspace
            .is_some_and(|workspace| path.starts_with(workspace) || workspace.starts_with(path))
    };
    // Looked at before anything is made: what root makes in the HOME that `sudo` kept locks
    // its owner out.
    if is_shared(&path) || !leads_safely(HostPath::nearest(&path).ok()?.as_path()) {
        return None;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&path).ok()?;
    let path = HostPath::resolve(&path).ok()?;
    let path = path.as_path();
    if is_shared(path) || !is_own(path) {
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

/// Whether nobody but this person, and root, can write there, or rename what leads there.
fn is_own(directory: &Path) -> bool {
    let person = rustix::process::geteuid().as_raw();
    let is_private = std::fs::symlink_metadata(directory)
        .is_ok_and(|data| data.uid() == person && data.mode() & 0o077 == 0);
    is_private && directory.parent().is_some_and(leads_safely)
}

/// Whether nobody but this person, and root, can rename what lies in a directory, or what
/// leads to it.
fn leads_safely(directory: &Path) -> bool {
    const STICKY: u32 = 0o1000;
    let person = rustix::process::geteuid().as_raw();
    directory.ancestors().all(|place| {
        let Ok(data) = std::fs::symlink_metadata(place) else { return false };
        let others_write = data.mode() & 0o022 != 0 && data.mode() & STICKY == 0;
        !others_write && (data.uid() == person || data.uid() == 0)
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
    /// Whether it is used: nobody else can write there.
    pub own: bool,
}

/// What is kept, if anything ever was.
pub fn kept() -> Option<Kept> {
    let path = HostPath::resolve(&directory()?).ok()?;
    let directory = path.as_path().to_owned();
    let all = files(&directory).unwrap_or_default();
    let entries = all.iter().filter(|entry| entry.path().extension().is_none());
    let entries = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
    let own = is_own(&directory);
    Some(Kept { directory, entries, own })
}
