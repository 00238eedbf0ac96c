//! A project on this machine's disk, for benchmarks and tests.

use super::{Entry, Error, FileType, Tree};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The directory at a path of this machine.
///
/// It is not a sandbox: a link swapped in while it is read is followed.
#[derive(Debug)]
pub struct DiskTree(PathBuf);

impl DiskTree {
    /// A view of the directory at `root`.
    pub fn new(root: impl AsRef<Path>) -> Self {
        Self(root.as_ref().to_path_buf())
    }

    fn at(&self, path: &str) -> PathBuf {
        // Joining an empty path would add a slash, which follows a link.
        if path.is_empty() { self.0.clone() } else { self.0.join(path) }
    }
}

impl Tree for DiskTree {
    fn list(&self, path: &str, each: &mut dyn FnMut(Entry)) -> Result<(), Error> {
        if !path.is_empty() {
            match self.file_type(path)? {
                None => return Ok(()),
                Some(FileType::Directory) => {}
                Some(_) => return Err(Error("not a directory".to_string())),
            }
        }
        for entry in fs::read_dir(self.at(path)).map_err(error)? {
            let entry = entry.map_err(error)?;
            each(Entry {
                name: entry.file_name().into_string().ok(),
                file_type: file_type(entry.file_type().map_err(error)?),
            });
        }
        Ok(())
    }

    fn file_type(&self, path: &str) -> Result<Option<FileType>, Error> {
        match fs::symlink_metadata(self.at(path)) {
            Ok(metadata) => Ok(Some(file_type(metadata.file_type()))),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(e) => Err(error(e)),
        }
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.at(path)).map_err(error)?;
        file.take(limit as u64).read_to_end(&mut bytes).map_err(error)?;
        Ok(bytes)
    }

    fn read_link(&self, path: &str) -> Result<String, Error> {
        let text = fs::read_link(self.at(path)).map_err(error)?;
        let text = text.into_os_string().into_string();
        text.map_err(|_| Error("illegal-byte-sequence".to_string()))
    }
}

fn file_type(reported: fs::FileType) -> FileType {
    if reported.is_dir() {
        FileType::Directory
    } else if reported.is_file() {
        FileType::File
    } else if reported.is_symlink() {
        FileType::Link
    } else {
        FileType::Other
    }
}

fn error(error: io::Error) -> Error {
    Error(match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_string(),
        kind => kind.to_string(),
    })
}
