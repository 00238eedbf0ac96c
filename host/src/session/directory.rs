//! Making directories, holding those in use, and removing those that are not.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::Path;

use cap_std::fs::{
    Dir, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _, Permissions,
    PermissionsExt as _,
};
use rustix::fs::{FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

use super::journal::Entry;
use crate::path::RelPath;

/// What came of trying to hold a directory.
pub(super) enum Hold {
    /// It is locked as long as this lives.
    Locked(File),
    /// Nobody removes it: it has something in it, or cannot be read.
    NoNeed,
    /// It is being removed at this moment.
    Going,
}

/// Locks a directory that may be removed, which is an empty one.
pub(super) fn hold(workspace: &Dir, path: &RelPath) -> io::Result<Hold> {
    let entry = open(workspace, path.as_path()).and_then(|dir| {
        let first = workspace.read_dir(path.as_path())?.next();
        Ok((dir, first))
    });
    let dir = match entry {
        Ok((dir, None)) => dir,
        Ok((_, Some(_))) => return Ok(Hold::NoNeed),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Hold::NoNeed),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Hold::Going),
        Err(error) => return Err(error),
    };
    // Where directories cannot be locked, as on some networks, it goes without.
    if flock(&dir, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK) {
        return Ok(Hold::Going);
    }
    let held = identity(&dir.metadata()?);
    let now = workspace.symlink_metadata(path.as_path());
    let there = now.is_ok_and(|now| identity(&now) == held);
    Ok(if there { Hold::Locked(dir) } else { Hold::Going })
}

/// Ends a lock at once. To close it is not enough: a thread that is just starting a
/// program has given that a copy, which lives until it is executed.
pub(super) fn release(held: File) {
    let _ = flock(held, FlockOperation::Unlock);
}

/// Makes a directory where nothing is yet, noting beforehand what is about to be there:
/// first one called `cradle`, which nobody else's is, then this under its own name. If
/// that is taken meanwhile, or its parent gone, nothing is made.
pub(super) fn make(
    workspace: &Dir,
    path: &RelPath,
    cradle: &str,
    note: impl Fn(Entry) -> io::Result<()>,
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
    let noted = |name: &OsStr| -> io::Result<()> {
        let made = open(&parent, Path::new(name))?;
        // Whatever the umask: another person's run looks at it too, and it stays empty.
        let _ = made.set_permissions(Permissions::from_mode(0o755)); // not every file system can
        let identity = Some(identity(&made.metadata()?));
        note(Entry::Directory { path: path.to_string(), identity })
    };
    let sibling = outer.join(cradle).to_string_lossy().into_owned();
    note(Entry::Directory { path: sibling, identity: None })?;
    match parent.create_dir(cradle) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        made => made?,
    }
    let born = noted(OsStr::new(cradle))
        .and_then(|()| Ok(renameat_with(&parent, cradle, &parent, name, RenameFlags::NOREPLACE)?));
    let Err(error) = born else { return Ok(()) };
    let _ = parent.remove_dir(cradle);
    match Errno::from_io_error(&error) {
        Some(Errno::EXIST) => Ok(()),
        // Not every file system can: there, a kill between the next two lines leaves it.
        Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match parent.create_dir(name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            made => made.and_then(|()| noted(name).inspect_err(|_| drop(parent.remove_dir(name)))),
        },
        _ => Err(error),
    }
}

/// Removes a directory that a run made. Returns false if that must wait.
pub(super) fn remove(
    workspace: &Dir,
    path: &RelPath,
    made: Option<&str>,
    inner_one_waits: bool,
) -> bool {
    let dir = match open(workspace, path.as_path()) {
        Ok(dir) => dir,
        Err(error) => return error.kind() != ErrorKind::PermissionDenied,
    };
    let is_it = |data: Metadata| made.is_none_or(|made| identity(&data) == made);
    if !dir.metadata().is_ok_and(is_it) {
        return true; // another of that name
    }
    if flock(&dir, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return false; // in use by another person's run
    }
    // Refused by the system unless it is empty.
    match workspace.remove_dir(path.as_path()) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => !inner_one_waits,
        Err(error) => error.kind() == ErrorKind::NotFound,
        Ok(()) => true,
    }
}

/// Tells a directory from a later one of that name, even one that got its inode.
pub(crate) fn identity(data: &Metadata) -> String {
    let born = data.created().ok().map(cap_std::time::SystemTime::into_std);
    let born = born.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{:x}-{:x}", data.ino(), born.unwrap_or_default().as_nanos())
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
    fn in_a_directory_that_goes_meanwhile_nothing_is_made() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Dir::open_ambient_dir(root.path(), cap_std::ambient_authority()).unwrap();
        workspace.create_dir("outer").unwrap();
        let gone = |_| workspace.remove_dir("outer");
        make(&workspace, &RelPath::parse("outer/.venv").unwrap(), ".cradle", gone).unwrap();
        assert_eq!(workspace.entries().unwrap().count(), 0);
    }
}
