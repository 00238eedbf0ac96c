//! The read-only view of a project that all rules look through.
//!
//! Paths are relative to the root, which is the empty path. No function follows
//! a link in the last component, and callers pass none in the others: they
//! resolve links themselves, so that every host gives the same answer.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(not(target_family = "wasm"))]
pub mod disk;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod memory;
#[cfg(target_family = "wasm")]
pub mod wasi;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// A directory.
    Directory,
    /// A regular file: the only thing that may be read.
    File,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// One entry of a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name, where that is UTF-8.
    pub name: Option<String>,
    /// What it is. Where a host does not tell for a name it cannot say, a
    /// directory: the case that matters.
    pub file_type: FileType,
}

/// The error that the system returned, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A directory tree that can be read, and no more than that.
pub trait Tree {
    /// Hands every entry of a directory to `each`, in any order. One that is gone by now has
    /// none: other programs go on while a project is looked at.
    fn list(&self, path: &str, each: &mut dyn FnMut(Entry)) -> Result<(), Error>;

    /// What stands at a path; nothing if there is nothing.
    fn file_type(&self, path: &str) -> Result<Option<FileType>, Error>;

    /// The first `limit` bytes of a regular file.
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error>;

    /// The text of a link. Of an absolute one perhaps only the leading `/`:
    /// `wasi:filesystem` does not tell the rest.
    fn read_link(&self, path: &str) -> Result<String, Error>;
}
