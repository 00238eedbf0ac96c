//! Creates directories, locks those in use, and removes those that are not.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::Path;

use cap_std::fs::{
    Dir, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _, Permissions,
    PermissionsExt as _,
};
use rustix::fs::{FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::journal::JournalEntry;
use crate::error::{Error, Result};
use crate::path::RelPath;
use crate::workspace::Workspace;

/// The outcome of locking a directory.
pub(super) enum LockOutcome {
    /// It is locked while this file is open.
    Locked(File),
    /// No run removes it: it is not empty, or cannot be read.
    NotNeeded,
    /// Another run is removing it at this moment.
    BeingRemoved,
}

/// Takes a shared lock on a directory if it is empty; paude removes no others.
pub(super) fn lock(workspace: &Dir, path: &RelPath) -> io::Result<LockOutcome> {
    let entry = open(workspace, path.as_path()).and_then(|dir| {
        let first = workspace.read_dir(path.as_path())?.next();
        Ok((dir, first))
    });
    let dir = match entry {
        Ok((dir, None)) => dir,
        Ok((_, Some(_))) => return Ok(LockOutcome::NotNeeded),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Ok(LockOutcome::NotNeeded);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(LockOutcome::BeingRemoved),
        Err(error) => return Err(error),
    };
    // Some network file systems cannot lock directories; there the run goes on without a lock.
    if flock(&dir, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK) {
        return Ok(LockOutcome::BeingRemoved);
    }
    let locked = identity(&dir.metadata()?);
    let current = workspace.symlink_metadata(path.as_path());
    let unchanged = current.is_ok_and(|current| identity(&current) == locked);
    Ok(if unchanged { LockOutcome::Locked(dir) } else { LockOutcome::BeingRemoved })
}

/// Releases a lock at once. Closing the file is not enough: another thread may have just forked,
/// and its child keeps a copy of the descriptor until exec.
pub(super) fn unlock(directory: File) {
    let _ = flock(directory, FlockOperation::Unlock);
}

/// Creates a directory, recording beforehand what is about to exist: it is created as `staging`,
/// a name that nobody else uses, and then renamed. If the name is taken meanwhile, or the parent
/// removed, nothing is created.
pub(super) fn create(
    workspace: &Dir,
    path: &RelPath,
    staging: &str,
    record: impl Fn(JournalEntry) -> io::Result<()>,
) -> io::Result<()> {
    let outer = path.as_path().parent().unwrap_or(Path::new(""));
    let name = path.as_path().file_name().unwrap_or_default();
    let parent = match outer.as_os_str().is_empty() {
        true => workspace.try_clone(),
        false => workspace.open_dir(outer),
    };
    let parent = match parent {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        parent => parent?,
    };
    let record_identity = |name: &OsStr| -> io::Result<()> {
        let created = open(&parent, Path::new(name))?;
        // Regardless of the umask, as other users' runs read it too. Not every file system
        // supports it.
        let _ = created.set_permissions(Permissions::from_mode(0o755));
        let identity = Some(identity(&created.metadata()?));
        record(JournalEntry::Directory { path: path.to_string(), identity })
    };
    let sibling = outer.join(staging).to_string_lossy().into_owned();
    record(JournalEntry::Directory { path: sibling, identity: None })?;
    match parent.create_dir(staging) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        created => created?,
    }
    let renamed = record_identity(OsStr::new(staging))
        .and_then(|()| Ok(renameat_with(&parent, staging, &parent, name, RenameFlags::NOREPLACE)?));
    let Err(error) = renamed else { return Ok(()) };
    let _ = parent.remove_dir(staging);
    match Errno::from_io_error(&error) {
        Some(Errno::EXIST) => Ok(()),
        // Not every file system can rename without replacing. There, a kill between creating and
        // recording leaves the directory behind.
        Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match parent.create_dir(name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            created => created.and_then(|()| {
                record_identity(name).inspect_err(|_| drop(parent.remove_dir(name)))
            }),
        },
        _ => Err(error),
    }
}

/// Removes a directory that a run created, recognised by its identity if there is one. Returns
/// false if a later cleanup has to try again: then it is in use, or not empty because a directory
/// in it is (`inner_remains`).
pub(super) fn remove(
    workspace: &Dir,
    path: &RelPath,
    recorded: Option<&str>,
    inner_remains: bool,
) -> bool {
    let dir = match open(workspace, path.as_path()) {
        Ok(dir) => dir,
        Err(error) => return error.kind() != ErrorKind::PermissionDenied,
    };
    let is_same = |data: Metadata| recorded.is_none_or(|recorded| identity(&data) == recorded);
    if !dir.metadata().is_ok_and(is_same) {
        return true; // somebody else's directory of that name
    }
    if flock(&dir, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return false; // in use by another user's run
    }
    // The kernel refuses this unless it is empty.
    match workspace.remove_dir(path.as_path()) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => !inner_remains,
        Err(error) => error.kind() == ErrorKind::NotFound,
        Ok(()) => true,
    }
}

/// The identity of a directory: its inode and creation time, as a later directory of the same
/// name may get the same inode.
pub(crate) fn identity(data: &Metadata) -> String {
    let created = data.created().ok().map(cap_std::time::SystemTime::into_std);
    let created = created.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{:x}-{:x}", data.ino(), created.unwrap_or_default().as_nanos())
}

/// Distinguishes a project's directory from a later one at the same path.
pub(crate) fn workspace_identity(workspace: &Workspace) -> Result<String> {
    let metadata = workspace.dir().dir_metadata();
    metadata
        .map(|metadata| identity(&metadata))
        .map_err(|error| Error::failed(format!("cannot examine the workspace: {error}")))
}

fn open(dir: &Dir, path: &Path) -> io::Result<File> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    let mut options = OpenOptions::new();
    dir.open_with(path, options.read(true).custom_flags(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creates_nothing_in_a_directory_that_is_removed_meanwhile() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Dir::open_ambient_dir(root.path(), cap_std::ambient_authority()).unwrap();
        workspace.create_dir("outer").unwrap();
        let remove = |_| workspace.remove_dir("outer");
        create(&workspace, &RelPath::parse("outer/.venv").unwrap(), ".staging", remove).unwrap();
        assert_eq!(workspace.entries().unwrap().count(), 0);
    }
}
