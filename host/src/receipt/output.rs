//! The file that a receipt is written to, as a whole or not at all.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use crate::error::{Error, Result};
use crate::escape::shown_path;

/// The number of names for a temporary file; killed runs may have left some of them.
const MAX_TEMPORARY: usize = 100;

/// A file that a receipt can be written to. Its directory is held open, because the container
/// may see the path and replace the directory by a link before the receipt is written.
#[derive(Debug)]
pub(super) struct ReceiptFile {
    path: PathBuf,
    dir: Dir,
    name: OsString,
}

impl ReceiptFile {
    /// Checks that the file can be written, and leaves it as it is.
    pub(super) fn prepare(path: &Path) -> Result<Self> {
        let prepare = || {
            let file = Self::open(path)?;
            let (temporary, _) = file.create_temporary()?;
            file.dir.remove_file(temporary)?;
            Ok(file)
        };
        prepare().map_err(|error| cannot_write(path, &error))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(names_no_file)?.to_owned();
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = Dir::open_ambient_dir(dir.unwrap_or(Path::new(".")), ambient_authority())?;
        let file = Self { path: path.to_owned(), dir, name };
        file.check_replaceable()?;
        match path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            true => Err(names_no_file()),
            false => Ok(file),
        }
    }

    /// Replaces the file by one with this content.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        let write = || {
            self.check_replaceable()?;
            let (temporary, mut file) = self.create_temporary()?;
            let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            let renamed = written.and_then(|()| self.dir.rename(&temporary, &self.dir, &self.name));
            if renamed.is_err() {
                let _ = self.dir.remove_file(&temporary);
            }
            renamed
        };
        write().map_err(|error| cannot_write(&self.path, &error))
    }

    /// Removes the file, unless it is something else than a receipt.
    pub(super) fn remove(&self) {
        if self.check_replaceable().is_ok() {
            let _ = self.dir.remove_file(&self.name);
        }
    }

    /// Fails if the path is a link, a directory or a device.
    fn check_replaceable(&self) -> io::Result<()> {
        match self.dir.symlink_metadata(&self.name) {
            Ok(metadata) if !metadata.is_file() => {
                Err(io::Error::other("it exists and is not a regular file"))
            }
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Creates an empty file beside the receipt. This is called only when there is something to
    /// write, because the container may see the directory.
    fn create_temporary(&self) -> io::Result<(OsString, cap_std::fs::File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let process = std::process::id();
        let names = (0..MAX_TEMPORARY).map(|n| format!(".paude-receipt-{process}-{n}"));
        for name in names {
            match self.dir.open_with(&name, &options) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                file => return Ok((name.into(), file?)),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

fn names_no_file() -> io::Error {
    io::Error::other("it names no file")
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot write the receipt `{}`: {error}", shown_path(path)))
}
