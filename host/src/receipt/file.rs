//! The file that a receipt is written to: whole, or not at all.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::escape::shown_path;

/// A place that a receipt can be written to.
#[derive(Debug)]
pub(super) struct File(PathBuf);

impl File {
    /// Makes sure that it can, and leaves everything as it is.
    pub(super) fn prepare(path: &Path) -> Result<Self> {
        let file = Self(path.to_owned());
        file.draft().map(|_| file).map_err(|error| fault(path, &error))
    }

    /// Puts the text in the place of whatever the file held.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        let write = || {
            let mut draft = self.draft()?;
            draft.write_all(text.as_bytes())?;
            draft.as_file().sync_all()?;
            draft.persist(&self.0).map_err(io::Error::from)
        };
        write().map(drop).map_err(|error| fault(&self.0, &error))
    }

    /// An empty file beside it, removed if it is not put in its place. It is made late:
    /// the container may see the directory that it lies in.
    fn draft(&self) -> io::Result<NamedTempFile> {
        match self.0.symlink_metadata() {
            Ok(data) if !data.is_file() => {
                return Err(io::Error::other("something that is no regular file is there"));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if self.0.file_name().is_none() || self.0.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(io::Error::other("it names no file"));
        }
        let dir = self.0.parent().filter(|dir| !dir.as_os_str().is_empty());
        tempfile::Builder::new()
            .prefix(".paude-receipt-")
            .permissions(std::fs::Permissions::from_mode(0o666)) // less what the umask takes
            .tempfile_in(dir.unwrap_or(Path::new(".")))
    }
}

fn fault(path: &Path, error: &io::Error) -> Error {
    // `tempfile` names its own file, which means nothing to the person.
    let why = match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        kind => kind.to_string(),
    };
    Error::failed(format!("cannot write the receipt `{}`: {why}", shown_path(path)))
}
