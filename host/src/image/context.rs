//! The context of a build: the entries of a directory of the project, read through the
//! workspace's handle.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{Dir, File, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use sha2::Digest as _;

use super::ignore::{IgnoreList, ParentMatches};
use crate::bounded_read;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::shown_path;

/// The permission bits that go into the image. Files belong to root there, so that a set-user-id
/// bit would give more than it does on this machine.
const PERMISSIONS: u32 = 0o777;

/// The most entries of a context.
const MAX_ENTRIES: usize = 1_000_000;

/// The most directories above an entry. Each is a file descriptor while the walk is in it.
const MAX_DEPTH: usize = 256;

/// The name of git's directory, or of the file that leads to it. It changes with each command of
/// git, and holds the history.
const GIT: &str = ".git";

/// The directory that is handed to the engine, and what is left out of it.
#[derive(Debug)]
pub(super) struct Context {
    dir: Dir,
    /// Sorted; a directory stands before what is in it.
    pub(super) entries: Vec<ContextEntry>,
}

/// One entry of the context, with its path relative to it.
#[derive(Debug)]
pub(super) struct ContextEntry {
    pub(super) path: PathBuf,
    pub(super) node: ContextNode,
}

#[derive(Debug)]
pub(super) enum ContextNode {
    Directory {
        mode: u32,
    },
    File {
        mode: u32,
        size: u64,
        /// The hash of its content, once it was read.
        sha256: Option<[u8; 32]>,
    },
    Link {
        target: PathBuf,
    },
}

/// What is left out of a context, besides every `.git` and what is no file, directory or link.
pub(super) struct LeftOut<'l> {
    pub(super) ignored: &'l IgnoreList,
    /// Hidden directories and paude's own names, relative to the context.
    pub(super) paths: &'l [PathBuf],
}

impl Context {
    /// A context without entries.
    pub(super) fn empty(dir: Dir) -> Self {
        Self { dir, entries: Vec::new() }
    }

    /// Lists the entries of a directory. Reads no content.
    pub(super) fn list(dir: Dir, left_out: &LeftOut<'_>, deadline: Deadline) -> Result<Self> {
        let mut walk = Walk { left_out, deadline, pending: Vec::new(), entries: Vec::new() };
        walk.enter(&dir, Path::new(""), &ParentMatches::default())?;
        let entries = walk.entries;
        Ok(Self { dir, entries })
    }

    /// The number of bytes in all files.
    pub(super) fn size(&self) -> u64 {
        self.entries.iter().fold(0, |sum, entry| match entry.node {
            ContextNode::File { size, .. } => sum.saturating_add(size),
            _ => sum,
        })
    }

    /// Reads each file to record the hash of its content.
    pub(super) fn hash_files(&mut self, deadline: Deadline) -> Result<()> {
        for entry in &mut self.entries {
            if let ContextNode::File { size, sha256, .. } = &mut entry.node {
                check_time(deadline)?;
                let file = open(&self.dir, &entry.path)?;
                *sha256 = Some(hash(file, *size).map_err(|error| unreadable(&entry.path, &error))?);
            }
        }
        Ok(())
    }

    /// Opens one of its files.
    pub(super) fn open(&self, path: &Path) -> Result<File> {
        open(&self.dir, path)
    }
}

/// The hash of a file, which has to have this many bytes.
pub(super) fn hash(file: impl io::Read, size: u64) -> io::Result<[u8; 32]> {
    let mut hasher = sha2::Sha256::new();
    // One byte more shows that the file has grown.
    let mut file = file.take(size.saturating_add(1));
    let mut buffer = vec![0; 1 << 16];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    match length == size {
        true => Ok(hasher.finalize().into()),
        false => Err(io::Error::other("it changes while it is read")),
    }
}

/// Opens a regular file below a directory; fails for anything else.
fn open(dir: &Dir, path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).follow(FollowSymlinks::No).custom_flags(bounded_read::NONBLOCKING);
    let file = dir.open_with(path, &options).map_err(|error| unreadable(path, &error))?;
    match file.metadata().map(|data| data.is_file()) {
        Ok(true) => Ok(file),
        Ok(false) => Err(unreadable(path, &io::Error::other("it changes while it is read"))),
        Err(error) => Err(unreadable(path, &error)),
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let path = match path.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => shown_path(path),
    };
    Error::failed(format!("cannot read `{path}` of the build's context: {error}"))
        .hint("leave it out by .dockerignore if the build does not need it")
}

fn check_time(deadline: Deadline) -> Result<()> {
    match deadline.is_over() {
        true => Err(Error::failed(format!(
            "reading the build's context takes longer than {} s",
            deadline.time().as_secs()
        ))
        .hint("leave out by .dockerignore what the build does not need")),
        false => Ok(()),
    }
}

/// The state of a walk through the context.
struct Walk<'l> {
    left_out: &'l LeftOut<'l>,
    deadline: Deadline,
    /// Ignored directories on the way to where the walk is. They become entries if they hold one
    /// that is not ignored.
    pending: Vec<ContextEntry>,
    entries: Vec<ContextEntry>,
}

impl Walk<'_> {
    /// Adds what is in a directory.
    fn enter(&mut self, dir: &Dir, path: &Path, matches: &ParentMatches) -> Result<()> {
        if path.components().count() > MAX_DEPTH {
            let message = format!("`{}` is deeper than {MAX_DEPTH} directories", shown_path(path));
            return Err(Error::failed(message).hint("leave it out by .dockerignore"));
        }
        let fail = |error: io::Error| unreadable(path, &error);
        let mut names = Vec::<OsString>::new();
        for entry in dir.entries().map_err(fail)? {
            names.push(entry.map_err(fail)?.file_name());
            if names.len().is_multiple_of(1024) {
                check_time(self.deadline)?;
            }
        }
        names.sort();
        for name in names {
            check_time(self.deadline)?;
            let path = path.join(&name);
            if name == GIT || self.left_out.paths.contains(&path) {
                continue;
            }
            self.add(dir, &name, path, matches)?;
        }
        Ok(())
    }

    /// Adds one entry of a directory, and what is in it.
    fn add(
        &mut self,
        dir: &Dir,
        name: &OsString,
        path: PathBuf,
        above: &ParentMatches,
    ) -> Result<()> {
        let ignored_list = self.left_out.ignored;
        let (is_ignored, matches) = ignored_list.check(&path.to_string_lossy(), above);
        if is_ignored && !ignored_list.has_exceptions() {
            return Ok(());
        }
        let fail = |error: io::Error| unreadable(&path, &error);
        let data = match dir.symlink_metadata(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            data => data.map_err(fail)?,
        };
        let mode = data.mode() & PERMISSIONS;
        if data.is_dir() {
            let entry = ContextEntry { path: path.clone(), node: ContextNode::Directory { mode } };
            let inner = match dir.open_dir_nofollow(name) {
                Err(_) if is_ignored => return Ok(()),
                inner => inner.map_err(fail)?,
            };
            let depth = self.pending.len();
            self.pending.push(entry);
            if !is_ignored {
                self.commit()?;
            }
            self.enter(&inner, &path, &matches)?;
            self.pending.truncate(depth);
            return Ok(());
        }
        let node = match (data.is_file(), data.is_symlink()) {
            _ if is_ignored => return Ok(()),
            (true, _) => ContextNode::File { mode, size: data.len(), sha256: None },
            (_, true) => {
                // Whatever it leads to, only its text goes into the context.
                ContextNode::Link { target: dir.read_link_contents(name).map_err(fail)? }
            }
            _ => return Ok(()),
        };
        self.pending.push(ContextEntry { path, node });
        self.commit()
    }

    /// Makes entries of what is pending.
    fn commit(&mut self) -> Result<()> {
        self.entries.append(&mut self.pending);
        match self.entries.len() > MAX_ENTRIES {
            true => Err(Error::failed(format!(
                "the build's context has more than {MAX_ENTRIES} entries"
            ))
            .hint("leave out by .dockerignore what the build does not need")),
            false => Ok(()),
        }
    }
}
