//! The metadata and content of a whole directory tree, to prove that nothing in it changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Of each entry: type and mode, owner, size, time of modification, and content or link target.
pub type Snapshot = BTreeMap<PathBuf, String>;

/// Takes a snapshot of a tree.
pub fn snapshot(root: &Path) -> Snapshot {
    let mut entries = Snapshot::new();
    add(root, root, &mut entries);
    entries
}

fn add(root: &Path, path: &Path, entries: &mut Snapshot) {
    let data = std::fs::symlink_metadata(path).unwrap();
    let content = if data.is_symlink() {
        format!("{:?}", std::fs::read_link(path).unwrap())
    } else if data.is_file() {
        let mut hasher = DefaultHasher::new();
        std::fs::read(path).unwrap().hash(&mut hasher);
        format!("{:x}", hasher.finish())
    } else {
        String::new()
    };
    let size = if data.is_dir() { 0 } else { data.size() };
    let line = format!(
        "{:o} {}:{} {size} {}.{:09} {content}",
        data.mode(),
        data.uid(),
        data.gid(),
        data.mtime(),
        data.mtime_nsec()
    );
    entries.insert(path.strip_prefix(root).unwrap().to_owned(), line);
    if data.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            add(root, &entry.unwrap().path(), entries);
        }
    }
}

/// Fails if an entry was changed, added or removed, and names it.
#[track_caller]
pub fn assert_unchanged(root: &Path, before: &Snapshot) {
    let changed = changes(root, before);
    assert!(changed.is_empty(), "{} changed: {changed:#?}", root.display());
}

/// The entries that were changed, added or removed.
pub fn changes(root: &Path, before: &Snapshot) -> Vec<PathBuf> {
    let after = snapshot(root);
    let all: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    all.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}
