//! The file that a receipt is written to: whole, or not at all.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use crate::error::{Error, Result};
use crate::escape::shown_path;

/// So many files may lie there that killed runs left.
const MAX_LEFT: usize = 100;

/// A place that a receipt can be written to. Its directory is held open: the container may
/// see it, and put a link to another one in its place before the receipt is written.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    dir: Dir,
    name: OsString,
}

impl File {
    /// Makes sure that it can, and leaves everything as it is.
    pub(super) fn prepare(path: &Path) -> Result<Self> {
        let prepare = || {
            let file = Self::open(path)?;
            let (draft, _) = file.draft()?;
            file.dir.remove_file(draft)?;
            Ok(file)
        };
        prepare().map_err(|error| fault(path, &error))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(no_name)?.to_owned();
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = Dir::open_ambient_dir(dir.unwrap_or(Path::new(".")), ambient_authority())?;
        let file = Self { path: path.to_owned(), dir, name };
        file.look()?;
        match path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            true => Err(no_name()),
            false => Ok(file),
        }
    }

    /// Puts the text in the place of whatever the file held.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        let write = || {
            self.look()?;
            let (draft, mut file) = self.draft()?;
            let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            let put = written.and_then(|()| self.dir.rename(&draft, &self.dir, &self.name));
            if put.is_err() {
                let _ = self.dir.remove_file(&draft);
            }
            put
        };
        write().map_err(|error| fault(&self.path, &error))
    }

    /// Nothing but a file is replaced.
    fn look(&self) -> io::Result<()> {
        match self.dir.symlink_metadata(&self.name) {
            Ok(data) if !data.is_file() => {
                Err(io::Error::other("something that is no regular file is there"))
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A new, empty file beside it. It is made late: the container may see the directory.
    fn draft(&self) -> io::Result<(OsString, cap_std::fs::File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let run = std::process::id();
        let names = (0..MAX_LEFT).map(|left| format!(".paude-receipt-{run}-{left}"));
        for name in names {
            match self.dir.open_with(&name, &options) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => return Ok((name.into(), file?)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

fn no_name() -> io::Error {
    io::Error::other("it names no file")
}

fn fault(path: &Path, error: &io::Error) -> Error {
    Error::failed(format!("cannot write the receipt `{}`: {error}", shown_path(path)))
}
