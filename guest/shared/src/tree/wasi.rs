//! The project as `wasi:filesystem` shows it.

use super::{Entry, Error, FileType, Tree};
use crate::types::{Query, Refusal};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

/// A preopened directory.
pub struct WasiTree(Descriptor);

impl WasiTree {
    /// The root of a query.
    ///
    /// # Errors
    ///
    /// If it is not a preopened directory.
    pub fn open_root(query: &Query) -> Result<Self, Refusal> {
        let root = &query.root;
        let refusal = || Refusal::Invalid(format!("root `{root}` is not a preopened directory"));
        Self::open(root).ok_or_else(refusal)
    }

    /// The directory preopened under exactly this guest path.
    fn open(root: &str) -> Option<Self> {
        let mut preopens = get_directories().into_iter();
        preopens.find(|(_, path)| path == root).map(|(directory, _)| Self(directory))
    }

    fn open_at(&self, path: &str, flags: OpenFlags) -> Result<Descriptor, ErrorCode> {
        self.0.open_at(PathFlags::empty(), path, flags, DescriptorFlags::READ)
    }
}

impl Tree for WasiTree {
    fn list(&self, path: &str, each: &mut dyn FnMut(Entry)) -> Result<(), Error> {
        // The system knows the root as `.`, which is not a path of the interface.
        let path = if path.is_empty() { "." } else { path };
        let directory = match self.open_at(path, OpenFlags::DIRECTORY) {
            Err(ErrorCode::NoEntry) => return Ok(()),
            opened => opened.map_err(error)?,
        };
        let stream = directory.read_directory().map_err(error)?;
        loop {
            match stream.read_directory_entry() {
                Ok(Some(entry)) => {
                    let file_type = match entry.type_ {
                        // Some file systems do not tell in a listing.
                        DescriptorType::Unknown => {
                            match self.file_type(&crate::path::join(path, &entry.name))? {
                                Some(file_type) => file_type,
                                None => continue,
                            }
                        }
                        reported => file_type(reported),
                    };
                    each(Entry { name: Some(entry.name), file_type });
                }
                Ok(None) => return Ok(()),
                Err(ErrorCode::IllegalByteSequence) => {
                    each(Entry { name: None, file_type: FileType::Directory });
                }
                // Removed between the listing and the look at it.
                Err(ErrorCode::NoEntry) => {}
                Err(code) => return Err(error(code)),
            }
        }
    }

    fn file_type(&self, path: &str) -> Result<Option<FileType>, Error> {
        match self.0.stat_at(PathFlags::empty(), path) {
            Ok(stat) => Ok(Some(file_type(stat.type_))),
            Err(ErrorCode::NoEntry | ErrorCode::NotDirectory) => Ok(None),
            Err(code) => Err(error(code)),
        }
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let file = self.open_at(path, OpenFlags::empty()).map_err(error)?;
        let mut bytes = Vec::new();
        while bytes.len() < limit {
            let (more, end) =
                file.read((limit - bytes.len()) as u64, bytes.len() as u64).map_err(error)?;
            bytes.extend_from_slice(&more);
            if end || more.is_empty() {
                break;
            }
        }
        Ok(bytes)
    }

    fn read_link(&self, path: &str) -> Result<String, Error> {
        match self.0.readlink_at(path) {
            // By its specification, the answer for an absolute link.
            Err(ErrorCode::NotPermitted) => Ok("/".to_string()),
            reported => reported.map_err(error),
        }
    }
}

fn file_type(reported: DescriptorType) -> FileType {
    match reported {
        DescriptorType::Directory => FileType::Directory,
        DescriptorType::RegularFile => FileType::File,
        DescriptorType::SymbolicLink => FileType::Link,
        _ => FileType::Other,
    }
}

fn error(code: ErrorCode) -> Error {
    Error(match code {
        ErrorCode::Access | ErrorCode::NotPermitted => "permission denied".to_string(),
        // The names of the interface are words: `name-too-long`.
        code => code.name().to_string(),
    })
}
