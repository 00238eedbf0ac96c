//! Reading the entries of a tree.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::queue::Queue;
use super::{EntryKind, EntryName, TreeEntry};
use crate::bounded_read;

/// A directory that is still to be listed. The handle of its parent stays open until then.
struct ListTask {
    parent: Arc<Dir>,
    /// Its name in the parent.
    file_name: OsString,
    name: EntryName,
    entry: TreeEntry,
}

/// An entry, or the error with which the whole walk fails.
type EntryResult = io::Result<(EntryName, TreeEntry)>;

/// Reads every entry of the tree, and at most `max_content` bytes of content. An entry that
/// cannot be read is marked as unread. Fails soon after `cancelled` becomes true.
pub(super) fn read_tree(
    root: Dir,
    max_content: u64,
    cancelled: &AtomicBool,
) -> io::Result<BTreeMap<EntryName, TreeEntry>> {
    let root_entry = TreeEntry::new(&root.dir_metadata()?);
    let root = Arc::new(root);
    let mut results = Vec::new();
    let tasks = list(&root, b"", &mut results, cancelled)?;
    results.push(Ok((b".".to_vec(), root_entry)));
    results.extend(Queue::run(tasks, |task: ListTask, results| {
        let ListTask { parent, file_name, name, entry } = task;
        let opened = parent.open_dir_nofollow(&file_name);
        match opened.and_then(|dir| list(&Arc::new(dir), &name, results, cancelled)) {
            Ok(tasks) => {
                results.push(Ok((name, entry)));
                tasks
            }
            Err(error) => {
                let unread = check_attributable(error);
                results.push(unread.map(|()| (name, TreeEntry { unread: true, ..entry })));
                Vec::new()
            }
        }
    }));
    let mut entries = results.into_iter().collect::<io::Result<BTreeMap<_, _>>>()?;
    let compared = choose_compared(&mut entries, max_content);
    let hashes = Queue::run(compared, |(name, size): (EntryName, u64), results| {
        results.push(hash_content(&root, &name, size, cancelled).map_or_else(
            |error| check_attributable(error).map(|()| (name.clone(), None)),
            |content| Ok((name.clone(), Some(content))),
        ));
        Vec::new()
    });
    for hash in hashes {
        let (name, content) = hash?;
        if let Some(entry) = entries.get_mut(&name) {
            (entry.content, entry.unread) = (content, content.is_none());
        }
    }
    Ok(entries)
}

/// Chooses the files whose content is compared, by name and size alone, so that the same ones
/// are compared after the run. The others that would be compared are marked.
fn choose_compared(
    entries: &mut BTreeMap<EntryName, TreeEntry>,
    max_content: u64,
) -> Vec<(EntryName, u64)> {
    let (mut compared, mut left) = (Vec::new(), max_content);
    for (name, entry) in entries {
        if entry.kind == EntryKind::File && has_compared_content(name) {
            match left.checked_sub(entry.size) {
                Some(rest) => {
                    left = rest;
                    compared.push((name.clone(), entry.size));
                }
                None => entry.beyond_limit = true,
            }
        }
    }
    compared
}

/// Fails if the walk was cancelled.
fn check_cancelled(cancelled: &AtomicBool) -> io::Result<()> {
    match cancelled.load(Ordering::Relaxed) {
        true => Err(Errno::CANCELED.into()),
        false => Ok(()),
    }
}

/// Returns an error that is not due to the entry, but to a lack of handles or memory, or to a
/// cancelled walk. The next walk might not meet it, so that two fingerprints of the same tree
/// would differ.
fn check_attributable(error: io::Error) -> io::Result<()> {
    match Errno::from_io_error(&error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::CANCELED) => Err(error),
        _ => Ok(()),
    }
}

/// Adds the entries of a directory to the results. Returns its subdirectories.
fn list(
    dir: &Arc<Dir>,
    dir_name: &[u8],
    results: &mut Vec<EntryResult>,
    cancelled: &AtomicBool,
) -> io::Result<Vec<ListTask>> {
    let mut tasks = Vec::new();
    for dir_entry in dir.entries()? {
        check_cancelled(cancelled)?;
        let dir_entry = dir_entry?;
        let file_name = dir_entry.file_name();
        let mut name = dir_name.to_vec();
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend(file_name.as_encoded_bytes());
        let metadata = match dir_entry.metadata() {
            Ok(metadata) => metadata,
            // It was removed after the directory was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut entry = TreeEntry::new(&metadata);
        match entry.kind {
            EntryKind::Directory => {
                tasks.push(ListTask { parent: Arc::clone(dir), file_name, name, entry });
                continue;
            }
            EntryKind::Link => match dir.read_link_contents(&file_name) {
                Ok(target) => entry.target = Some(target.into_os_string().into_vec()),
                Err(error) => {
                    check_attributable(error)?;
                    entry.unread = true;
                }
            },
            EntryKind::File | EntryKind::Other => {}
        }
        results.push(Ok((name, entry)));
    }
    Ok(tasks)
}

/// Whether the content of a file is compared: these files make the environment work, and tools
/// rewrite them with the same size and time.
fn has_compared_content(name: &[u8]) -> bool {
    name == b"pyvenv.cfg" || name.starts_with(b"bin/")
}

/// Hashes at most `size` bytes of a file, because it may be growing.
fn hash_content(
    root: &Dir,
    name: &[u8],
    size: u64,
    cancelled: &AtomicBool,
) -> io::Result<[u8; 32]> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(bounded_read::NONBLOCKING).follow(FollowSymlinks::No);
    let file = root.open_with(OsStr::from_bytes(name), &options)?.into_std();
    let mut content = io::Read::take(file, size);
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        check_cancelled(cancelled)?;
        match io::Read::read(&mut content, &mut buffer) {
            Ok(0) => return Ok(digest.finalize().into()),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl TreeEntry {
    /// The entry without target and content.
    fn new(metadata: &Metadata) -> Self {
        let kind = match metadata.file_type() {
            kind if kind.is_dir() => EntryKind::Directory,
            kind if kind.is_file() => EntryKind::File,
            kind if kind.is_symlink() => EntryKind::Link,
            _ => EntryKind::Other,
        };
        Self {
            kind,
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            size: if kind == EntryKind::Directory { 0 } else { metadata.size() },
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            target: None,
            content: None,
            unread: false,
            beyond_limit: false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests create their own trees")]

    use std::path::Path;

    use super::*;
    use crate::fingerprint::Fingerprint;

    fn write(root: &Path, name: &str, text: &str) {
        let file = root.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH;
        std::fs::File::open(file).unwrap().set_modified(time).unwrap();
    }

    fn open(root: &Path) -> Dir {
        Dir::open_ambient_dir(root, cap_std::ambient_authority()).unwrap()
    }

    fn take(root: &Path, max_content: u64) -> Fingerprint {
        Fingerprint(read_tree(open(root), max_content, &AtomicBool::new(false)).unwrap())
    }

    fn unread(fingerprint: &Fingerprint) -> Vec<&str> {
        fingerprint.unread().map(|name| str::from_utf8(name).unwrap()).collect()
    }

    fn changed(before: &Fingerprint, after: &Fingerprint) -> Vec<String> {
        let differences = Fingerprint::differences(Some(before), Some(after)).into_iter();
        differences.map(|difference| String::from_utf8(difference.name).unwrap()).collect()
    }

    #[test]
    fn content_beyond_the_limit_is_not_read_and_the_entry_is_counted_as_unread() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["bin/a", "bin/b", "bin/c/d", "bin/e", "lib/f", "pyvenv.cfg"];
        for name in names {
            write(dir.path(), name, "0123456789");
        }
        write(dir.path(), "bin/e", "01234");
        let before = take(dir.path(), 25);
        assert_eq!(unread(&before), ["bin/c/d", "pyvenv.cfg"]);
        assert_eq!(before, take(dir.path(), 25));
        assert!(unread(&take(dir.path(), 45)).is_empty());
        for name in names {
            let text = if name == "bin/e" { "56789" } else { "9876543210" };
            write(dir.path(), name, text);
        }
        assert_eq!(changed(&before, &take(dir.path(), 25)), ["bin/a", "bin/b", "bin/e"]);
    }

    #[test]
    fn a_file_that_only_another_one_moved_beyond_the_limit_is_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "bin/a", "0");
        write(dir.path(), "bin/b", "0123456789");
        let before = take(dir.path(), 15);
        write(dir.path(), "bin/a", "0123456789");
        let after = take(dir.path(), 15);
        assert_eq!(unread(&after), ["bin/b"]);
        assert_eq!(changed(&before, &after), ["bin/a"]);
    }

    #[test]
    fn a_cancelled_walk_fails() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "bin/a", "0");
        let cancelled = AtomicBool::new(true);
        assert!(Fingerprint::take_unless(open(dir.path()), &cancelled).is_err());
        let root = open(dir.path());
        assert!(hash_content(&root, b"bin/a", 1, &cancelled).is_err());
        assert!(hash_content(&root, b"bin/a", 1, &AtomicBool::new(false)).is_ok());
    }
}
