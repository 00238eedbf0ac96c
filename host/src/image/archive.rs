//! The archive that an engine gets on its standard input: the context, as a tar.
//!
//! All that differs between two looks at the same content is left out, so that the engine's cache
//! finds what it built before: owners are root, and times are made from the content. BuildKit
//! takes a file of the same size and time for unchanged, so that one fixed time would not do.

use std::cell::Cell;
use std::io::{self, Seek as _, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use sha2::Digest as _;
use tar::{Builder, EntryType, Header};

use super::context::{self, Context, ContextEntry, ContextNode};
use crate::error::Error;

/// The time of directories, and the earliest of a file: September 2001, in seconds. A zip archive
/// has none before 1980.
const FIRST_TIME: u64 = 1_000_000_000;

/// How many different times files have, in seconds: until 2018, and so in the past.
const TIMES: u64 = 1 << 29;

/// The longest target of a link that a header holds.
const SHORT_TARGET: usize = 100;

/// A file of paude's own in the root of the archive.
#[derive(Debug)]
pub(super) struct AddedFile {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// Why an archive is not whole.
#[derive(Debug)]
pub(super) enum ArchiveFault {
    /// A file is not what it was when the context was listed or hashed, or cannot be read.
    Context(Error),
    /// It cannot be written: the engine's client does not read it.
    Writer(io::Error),
}

/// Writes the archive. After an error nothing more is written, not even the archive's end: what
/// the engine has got by then must not be built.
pub(super) fn write(
    context: &Context,
    added: &[AddedFile],
    to: impl Write,
) -> Result<(), ArchiveFault> {
    let is_closed = Cell::new(false);
    // The builder writes the archive's end when it is dropped.
    let mut builder = Builder::new(Gate { to, is_closed: &is_closed });
    let mut entries = context.entries.iter();
    let written = entries.try_for_each(|entry| append(&mut builder, context, entry));
    let written =
        written.and_then(|()| added.iter().try_for_each(|file| append_added(&mut builder, file)));
    if written.is_err() {
        is_closed.set(true);
        return written;
    }
    builder.finish().and_then(|()| builder.get_mut().flush()).map_err(ArchiveFault::Writer)
}

/// A writer that fails once it is closed.
struct Gate<'g, W> {
    to: W,
    is_closed: &'g Cell<bool>,
}

impl<W: Write> Write for Gate<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.is_closed.get() {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => self.to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn append_added<W: Write>(builder: &mut Builder<W>, file: &AddedFile) -> Result<(), ArchiveFault> {
    let AddedFile { name, content } = file;
    let mut header = header(EntryType::Regular, 0o644, content.len() as u64);
    header.set_mtime(time_of(&sha2::Sha256::digest(content).into()));
    let appended = builder.append_data(&mut header, Path::new(name), &content[..]);
    appended.map_err(ArchiveFault::Writer)
}

fn append<W: Write>(
    builder: &mut Builder<W>,
    context: &Context,
    ContextEntry { path, node }: &ContextEntry,
) -> Result<(), ArchiveFault> {
    match node {
        ContextNode::Directory { mode } => {
            let mut header = header(EntryType::Directory, *mode, 0);
            builder.append_data(&mut header, path, io::empty()).map_err(ArchiveFault::Writer)
        }
        ContextNode::Link { target } => {
            let bytes = target.as_os_str().as_bytes();
            let mut header = header(EntryType::Symlink, 0o777, 0);
            header.set_mtime(time_of(&sha2::Sha256::digest(bytes).into()));
            match bytes.len() <= SHORT_TARGET {
                true => header
                    .set_link_name_literal(bytes)
                    .and_then(|()| builder.append_data(&mut header, path, io::empty())),
                false => builder.append_link(&mut header, path, target),
            }
            .map_err(ArchiveFault::Writer)
        }
        ContextNode::File { mode, size, sha256 } => {
            let fail = |error: &io::Error| ArchiveFault::Context(context::unreadable(path, error));
            let mut file = context.open(path).map_err(ArchiveFault::Context)?;
            let wanted = match sha256 {
                Some(sha256) => *sha256,
                None => context::hash(&mut file, *size).map_err(|error| fail(&error))?,
            };
            file.seek(SeekFrom::Start(0)).map_err(|error| fail(&error))?;
            let mut header = header(EntryType::Regular, *mode, *size);
            header.set_mtime(time_of(&wanted));
            let mut content =
                ExactContent { file, left: *size, hasher: sha2::Sha256::new(), fault: None };
            let appended = builder.append_data(&mut header, path, &mut content);
            match (content.fault.take(), appended) {
                (Some(error), _) => Err(fail(&error)),
                (None, Err(error)) => Err(ArchiveFault::Writer(error)),
                (None, Ok(())) => {
                    content.changed(&wanted).map_or(Ok(()), |error| Err(fail(&error)))
                }
            }
        }
    }
}

/// A header without a name. Files belong to root, as in a context that a client sends.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(FIRST_TIME);
    header
}

/// A time that differs between different contents, as good as always.
fn time_of(sha256: &[u8; 32]) -> u64 {
    let bytes = sha256.first_chunk().copied().unwrap_or_default();
    FIRST_TIME + u64::from_le_bytes(bytes) % TIMES
}

/// The content of a file, of which there are as many bytes as its header says, whatever becomes
/// of the file.
struct ExactContent<R> {
    file: R,
    left: u64,
    hasher: sha2::Sha256,
    /// The error of reading the file.
    fault: Option<io::Error>,
}

impl<R> ExactContent<R> {
    /// The error if the file has another hash, or a part of it was not read.
    fn changed(&self, wanted: &[u8; 32]) -> Option<io::Error> {
        let found: [u8; 32] = self.hasher.clone().finalize().into();
        let is_same = self.left == 0 && found == *wanted;
        (!is_same).then(|| io::Error::other("it changes while it is read"))
    }
}

impl<R: io::Read> io::Read for ExactContent<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = match self.file.read(&mut buffer[..length]) {
            Ok(0) => Err(io::Error::other("it changes while it is read")),
            read => read,
        };
        let count = count.inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.fault = Some(io::Error::new(error.kind(), error.to_string()));
            }
        })?;
        self.hasher.update(&buffer[..count]);
        self.left -= count as u64;
        Ok(count)
    }
}
