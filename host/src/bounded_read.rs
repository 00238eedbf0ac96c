//! Reads whole files that may be of any type and size: a fifo must not block the caller, and a
//! huge file must not fill its memory.

use std::fs::File;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::io::{self, Read as _};
use std::path::Path;

/// Open flags with which a fifo without a writer opens at once, so that [`read`] can refuse it.
pub(crate) const NONBLOCKING: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

/// Reads a regular file of at most `limit` bytes. Fails for other types, and for larger files
/// without reading them.
pub(crate) fn read(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let data = file.metadata()?;
    if !data.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    let mut bytes = Vec::new();
    if data.len() <= limit {
        // Growing the buffer step by step costs a read for each step; without the memory for it all,
        // the growth fails later.
        let _ = bytes.try_reserve_exact(usize::try_from(data.len() + 1).unwrap_or(0));
        // One byte over the limit shows that the file has grown meanwhile.
        file.take(limit + 1).read_to_end(&mut bytes)?;
    }
    if data.len().max(bytes.len() as u64) > limit {
        return Err(io::Error::other(format!("is larger than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

/// Like [`read`], for a file that the user named, in any directory. Returns `None` if it does not
/// exist.
pub(crate) fn read_named(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    #[expect(clippy::disallowed_methods, reason = "the user named this file")]
    match options.read(true).custom_flags(NONBLOCKING).open(path) {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        file => read(file?, limit).map(Some),
    }
}
