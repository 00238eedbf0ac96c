//! Reading a whole file of which nothing is known: a fifo must not make the caller
//! wait, nor a huge file fill its memory.

use std::fs::File;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::io::{self, Read as _};
use std::path::Path;

/// For opening: a fifo without a writer is opened at once, and then refused.
pub(crate) const NONBLOCKING: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

/// The content of a regular file of at most `limit` bytes; of a larger one nothing
/// is read.
pub(crate) fn read(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let data = file.metadata()?;
    if !data.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    let mut bytes = Vec::new();
    if data.len() <= limit {
        // It may have grown since.
        file.take(limit + 1).read_to_end(&mut bytes)?;
    }
    if data.len().max(bytes.len() as u64) > limit {
        return Err(io::Error::other(format!("is larger than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

/// [`read`] for a file that the person named, wherever it lies. `None` if nothing
/// is there.
pub(crate) fn read_named(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "the person named this file; it may lie anywhere"
    )]
    match options.read(true).custom_flags(NONBLOCKING).open(path) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        file => read(file?, limit).map(Some),
    }
}
