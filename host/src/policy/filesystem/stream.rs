//! Reading a regular file, at once or as a stream.

use std::fs::File;
use std::sync::Arc;

use rustix::buffer::spare_capacity;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError};

/// Bytes that one read may return.
const CHUNK: u64 = 64 << 10;

/// Reads at most `length` bytes, and not more than one chunk.
pub(super) fn read_at(file: &File, length: u64, offset: u64) -> std::io::Result<Vec<u8>> {
    // Not filled first: most files are far shorter than what is asked for.
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(CHUNK)).unwrap_or(0));
    rustix::io::pread(file, spare_capacity(&mut bytes), offset)?;
    Ok(bytes)
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
