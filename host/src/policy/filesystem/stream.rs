//! Reading a regular file, at once or as a stream.

use std::fs::File;
use std::mem::MaybeUninit;
use std::sync::Arc;

use wasmtime_wasi::p2::{InputStream, Pollable, StreamError};

/// Bytes that one read may return.
const CHUNK: usize = 8 << 10;

/// Reads at most `length` bytes, and not more than one chunk.
pub(super) fn read_at(file: &File, length: u64, offset: u64) -> std::io::Result<Vec<u8>> {
    // On the stack: most files are far shorter than what is asked for.
    let mut chunk = [MaybeUninit::uninit(); CHUNK];
    let asked = usize::try_from(length).unwrap_or(CHUNK).min(CHUNK);
    let (read, _) = rustix::io::pread(file, &mut chunk[..asked], offset)?;
    Ok(read.to_vec())
}

/// A file as a stream: what std reads through.
pub(super) struct FileStream {
    file: Arc<File>,
    offset: u64,
}

impl FileStream {
    /// The file from `offset` on.
    pub(super) fn new(file: Arc<File>, offset: u64) -> Self {
        Self { file, offset }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileStream {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl InputStream for FileStream {
    fn read(&mut self, size: usize) -> std::result::Result<bytes::Bytes, StreamError> {
        let bytes = read_at(&self.file, size as u64, self.offset)
            .map_err(|error| StreamError::LastOperationFailed(error.into()))?;
        if bytes.is_empty() && size > 0 {
            return Err(StreamError::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.into())
    }
}
