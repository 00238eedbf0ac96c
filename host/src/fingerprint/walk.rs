//! Looking at a tree.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::Arc;

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, DirEntry, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::queue::Queue;
use super::{Entry, Kind, Name};
use crate::file;

/// A longer file is known by its size and time alone: no environment has one in `bin`.
const MAX_CONTENT: u64 = 1 << 30;

/// A directory that is still to be listed. Its parent stays open meanwhile.
struct Task {
    parent: Arc<Dir>,
    own: OsString,
    name: Name,
    entry: Entry,
}

/// An entry, or why the whole look fails.
type Found = io::Result<(Name, Entry)>;

/// Every entry of the tree. What cannot be read is said to be so, unless it is for want of
/// something that the next look may have: the two would differ at random.
pub(super) fn entries(root: Dir) -> io::Result<BTreeMap<Name, Entry>> {
    let own = Entry::new(&root.dir_metadata()?);
    let mut found = Vec::new();
    let tasks = list(&Arc::new(root), b"", &mut found)?;
    found.push(Ok((b".".to_vec(), own)));
    found.extend(Queue::work(tasks, |task: Task, found| {
        let Task { parent, own, name, entry } = task;
        let listed = parent.open_dir_nofollow(&own);
        match listed.and_then(|dir| list(&Arc::new(dir), &name, found)) {
            Ok(tasks) => {
                found.push(Ok((name, entry)));
                tasks
            }
            Err(error) => {
                found.push(unread(error).map(|unread| (name, Entry { unread, ..entry })));
                Vec::new()
            }
        }
    }));
    found.into_iter().collect()
}

/// Passes on the errors that do not tell what the entry is like.
fn unread(error: io::Error) -> io::Result<bool> {
    match Errno::from_io_error(&error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => Err(error),
        _ => Ok(true),
    }
}

/// Adds what is in a directory, and returns the directories among it.
fn list(dir: &Arc<Dir>, name: &[u8], found: &mut Vec<Found>) -> io::Result<Vec<Task>> {
    let mut tasks = Vec::new();
    for entry in dir.entries()? {
        let entry = entry?;
        let own = entry.file_name();
        let below: &[&[u8]] = if name.is_empty() { &[] } else { &[name] };
        let name = [below, &[own.as_encoded_bytes()]].concat().join(&b'/');
        let data = match entry.metadata() {
            Ok(data) => data,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // gone meanwhile
            Err(error) => return Err(error),
        };
        let mut seen = Entry::new(&data);
        match seen.kind {
            Kind::Directory => {
                tasks.push(Task { parent: Arc::clone(dir), own, name, entry: seen });
                continue;
            }
            Kind::Link => match dir.read_link_contents(&own) {
                Ok(target) => seen.target = Some(target.into_os_string().into_vec()),
                Err(error) => seen.unread = unread(error)?,
            },
            Kind::File if has_content(&name) && seen.size <= MAX_CONTENT => match content(&entry) {
                Ok(content) => seen.content = Some(content),
                Err(error) => seen.unread = unread(error)?,
            },
            Kind::File | Kind::Other => {}
        }
        found.push(Ok((name, seen)));
    }
    Ok(tasks)
}

/// What makes the environment work, and what tools rewrite keeping size and time.
fn has_content(name: &[u8]) -> bool {
    name == b"pyvenv.cfg" || name.starts_with(b"bin/")
}

fn content(entry: &DirEntry) -> io::Result<[u8; 32]> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(file::NONBLOCKING).follow(FollowSymlinks::No);
    let mut file = entry.open_with(&options)?.into_std();
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return Ok(digest.finalize().into()),
            Ok(count) => digest.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Entry {
    /// What its metadata tells.
    fn new(data: &Metadata) -> Self {
        let kind = match data.file_type() {
            kind if kind.is_dir() => Kind::Directory,
            kind if kind.is_file() => Kind::File,
            kind if kind.is_symlink() => Kind::Link,
            _ => Kind::Other,
        };
        Self {
            kind,
            mode: data.mode() & 0o7777,
            owner: (data.uid(), data.gid()),
            size: if kind == Kind::Directory { 0 } else { data.size() },
            modified: (data.mtime(), data.mtime_nsec()),
            target: None,
            content: None,
            unread: false,
        }
    }
}
