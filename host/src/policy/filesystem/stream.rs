//! Reads regular files, by offset or as a stream.

use std::fs::File;
use std::mem::MaybeUninit;
use std::sync::Arc;

use wasmtime_wasi::p2::{InputStream, Pollable, StreamError};

/// The most bytes that one read returns.
const CHUNK: usize = 8 << 10;

/// Reads at most `length` bytes, and at most [`CHUNK`]; none at the end of the file.
pub(super) fn read_at(file: &File, length: u64, offset: u64) -> std::io::Result<Vec<u8>> {
    // The buffer is on the stack: most files are far shorter than the requested length.
    let mut chunk = [MaybeUninit::uninit(); CHUNK];
    let length = usize::try_from(length).unwrap_or(CHUNK).min(CHUNK);
    let (read, _) = rustix::io::pread(file, &mut chunk[..length], offset)?;
    Ok(read.to_vec())
}

/// A file as an input stream, which is how `std` reads files on wasm32-wasip2.
pub(super) struct FileStream {
    file: Arc<File>,
    offset: u64,
}

impl FileStream {
    /// A stream of the bytes from `offset` on.
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
