//! Directory listings, entry by entry.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use cap_fs_ext::FollowSymlinks;
use cap_std::fs::Dir;
use rustix::fs::{FileType, OFlags};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    self, Descriptor, DescriptorType, DirectoryEntry, DirectoryEntryStream,
};

use super::{OpenObject, ReadOnlyFiles, open_readable};

/// A listing in progress: the directory, and the entries that were read and not yet returned.
pub(super) struct DirListing {
    dir: Arc<Dir>,
    batch: EntryBatch,
}

/// The type of an entry and the range of its name in [`EntryBatch::names`]; `None` for a name
/// that is not UTF-8, which the interface cannot represent.
type ListedEntry = Option<(FileType, Range<usize>)>;

/// The entries of one read of a directory. One string holds all names: a name gets its own
/// allocation only when it is returned, and is freed before the next one, which is fast.
#[derive(Default)]
struct EntryBatch {
    names: String,
    entries: VecDeque<ListedEntry>,
}

impl EntryBatch {
    fn add(&mut self, name: &CStr, kind: FileType) {
        if matches!(name.to_bytes(), b"." | b"..") {
            return;
        }
        if self.entries.is_empty() {
            // Enough for most directories, in place of several reallocations.
            self.entries.reserve(32);
            self.names.reserve(512);
        }
        self.entries.push_back(name.to_str().ok().map(|name| {
            let start = self.names.len();
            self.names.push_str(name);
            (kind, start..self.names.len())
        }));
    }
}

impl DirListing {
    fn next(&mut self) -> io::Result<Option<Result<DirectoryEntry, ErrorCode>>> {
        if self.batch.entries.is_empty() {
            self.batch = read_batch(&self.dir)?;
        }
        let EntryBatch { names, entries } = &mut self.batch;
        Ok(entries.pop_front().map(|entry| {
            let (kind, range) = entry.ok_or(ErrorCode::IllegalByteSequence)?;
            Ok(DirectoryEntry { type_: descriptor_type(kind), name: names[range].to_owned() })
        }))
    }
}

impl ReadOnlyFiles<'_> {
    /// Starts a listing at the first entry. Does not use `cap_std::fs::ReadDir`, which opens
    /// the directory twice for each listing.
    pub(super) fn start_listing(&mut self, fd: &Resource<Descriptor>) -> FsResult<DirListing> {
        let dir = match self.table.get_mut(&Resource::<OpenObject>::new_borrow(fd.rep()))? {
            OpenObject::Dir(dir, unread @ true) => {
                *unread = false;
                Arc::clone(dir)
            }
            OpenObject::Dir(dir, false) => {
                let reopened = open_readable(dir, ".", FollowSymlinks::No, OFlags::DIRECTORY)?;
                Arc::new(Dir::from_std_file(reopened))
            }
            OpenObject::File(..) => return Err(ErrorCode::NotDirectory.into()),
        };
        Ok(DirListing { dir, batch: EntryBatch::default() })
    }
}

/// Reads the entries that one system call returns; none at the end.
#[cfg(target_os = "linux")]
fn read_batch(dir: &Dir) -> io::Result<EntryBatch> {
    use std::mem::MaybeUninit;
    // A name has at most 255 bytes; some file systems allow four times that.
    let mut buffer = [MaybeUninit::uninit(); 8 << 10];
    let mut entries = rustix::fs::RawDir::new(dir, &mut buffer);
    let mut batch = EntryBatch::default();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            // A directory that was removed after it was opened is empty, and every further
            // read fails the same way.
            Err(rustix::io::Errno::NOENT) => break,
            entry => entry?,
        };
        batch.add(entry.file_name(), entry.file_type());
        // A buffer with only `.` and `..` is not the end of the directory.
        if entries.is_buffer_empty() && !batch.entries.is_empty() {
            break;
        }
    }
    Ok(batch)
}

/// Reads all entries that are left; none at the end.
#[cfg(not(target_os = "linux"))]
fn read_batch(dir: &Dir) -> io::Result<EntryBatch> {
    use std::os::fd::AsFd as _;
    let mut batch = EntryBatch::default();
    let mut entries = rustix::fs::Dir::new(dir.as_fd().try_clone_to_owned()?)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        batch.add(entry.file_name(), entry.file_type());
    }
    Ok(batch)
}

/// The type in a directory entry, which some file systems leave unknown.
fn descriptor_type(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::Unknown => DescriptorType::Unknown,
    }
}

impl types::HostDirectoryEntryStream for ReadOnlyFiles<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let listing = self.table.get_mut(&Resource::<DirListing>::new_borrow(stream.rep()))?;
        // The error for a name that is not UTF-8 does not end the stream.
        Ok(listing.next()?.transpose()?)
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> Result<()> {
        self.table.delete(Resource::<DirListing>::new_own(stream.rep()))?;
        Ok(())
    }
}
