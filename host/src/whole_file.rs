//! A file that a user asks for, written as a whole or not at all.

mod place;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::bounded_read;
use crate::path::HostPath;
use place::Place;

/// The number of names for a temporary file; killed runs may have left some of them.
const MAX_TEMPORARY: usize = 100;

/// A name in a directory that is held open: a container may see the path, and replace the
/// directory by a link before the file is written.
#[derive(Debug)]
pub(crate) struct WholeFile {
    place: Place,
    name: OsString,
}

impl WholeFile {
    /// Opens the directory of a path that a user named, but follows no link that lies in one of
    /// the directories that containers write to.
    pub(crate) fn named(path: &Path, shared: &[&HostPath]) -> io::Result<Self> {
        let names_no_file = || io::Error::other("it names no file");
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(names_no_file());
        }
        let name = path.file_name().ok_or_else(names_no_file)?.to_owned();
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let place = Place::open(dir.unwrap_or(Path::new(".")), shared)?;
        Ok(Self { place, name })
    }

    /// A file of an open directory.
    pub(crate) fn within(dir: &Dir, path: &HostPath, name: &str) -> io::Result<Self> {
        let place = Place { dir: dir.try_clone()?, path: path.as_path().to_owned() };
        Ok(Self { place, name: name.into() })
    }

    /// Whether the file lies in this directory.
    pub(crate) fn is_within(&self, directory: &HostPath) -> bool {
        self.place.path.starts_with(directory.as_path())
    }

    /// Fails if there is a link, a directory or a device.
    pub(crate) fn check_regular(&self) -> io::Result<()> {
        match self.place.dir.symlink_metadata(&self.name) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(metadata) if metadata.is_file() => Ok(()),
            Ok(metadata) if metadata.is_symlink() => {
                Err(io::Error::other("it is a link, which is not followed"))
            }
            Ok(_) => Err(io::Error::other("it is not a regular file")),
        }
    }

    /// Fails if a file cannot be created in the directory.
    pub(crate) fn check_writable(&self) -> io::Result<()> {
        let (temporary, _) = self.create_temporary()?;
        self.place.dir.remove_file(temporary)
    }

    /// Reads a regular file of at most `limit` bytes; `None` if there is none.
    pub(crate) fn read(&self, limit: u64) -> io::Result<Option<Vec<u8>>> {
        self.check_regular()?;
        let mut options = OpenOptions::new();
        let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
        options.read(true).custom_flags(bounded_read::NONBLOCKING | no_follow);
        match self.place.dir.open_with(&self.name, &options) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            file => bounded_read::read(file?.into_std(), limit).map(Some),
        }
    }

    /// Writes the file, in place of whatever has its name; a link is replaced itself.
    pub(crate) fn replace(&self, text: &str) -> io::Result<()> {
        let dir = &self.place.dir;
        self.write(text, |temporary| dir.rename(temporary, dir, &self.name))
    }

    /// Writes the file, and fails if there is anything of its name.
    pub(crate) fn create(&self, text: &str) -> io::Result<()> {
        let dir = &self.place.dir;
        if dir.symlink_metadata(&self.name).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let no_replace = RenameFlags::NOREPLACE;
        self.write(text, |temporary| {
            match renameat_with(dir, temporary, dir, &self.name, no_replace) {
                // Some file systems have no such renaming; a link is as good.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    dir.hard_link(temporary, dir, &self.name)?;
                    dir.remove_file(temporary)
                }
                result => result.map_err(io::Error::from),
            }
        })
    }

    /// Removes the file.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.place.dir.remove_file(&self.name)
    }

    fn write(&self, text: &str, rename: impl FnOnce(&str) -> io::Result<()>) -> io::Result<()> {
        let (temporary, mut file) = self.create_temporary()?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let renamed = written.and_then(|()| rename(&temporary));
        if renamed.is_err() {
            let _ = self.place.dir.remove_file(&temporary);
        }
        renamed
    }

    /// Creates an empty file beside this one, under a name that is not taken.
    fn create_temporary(&self) -> io::Result<(String, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let process = std::process::id();
        for name in (0..MAX_TEMPORARY).map(|n| format!(".paude-{process}-{n}")) {
            match self.place.dir.open_with(&name, &options) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                file => return Ok((name, file?)),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}
