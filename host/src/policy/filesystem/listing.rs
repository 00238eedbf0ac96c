//! Listing a directory, entry by entry.

use std::ffi::CStr;
use std::io;
use std::sync::Arc;
use std::vec;

use cap_std::fs::Dir;
use rustix::fs::FileType;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    self, Descriptor, DescriptorType, DirectoryEntry, DirectoryEntryStream,
};

use super::{Open, ReadOnly};

/// A listing that goes on: what the directory told last, and has not been asked for.
pub(super) struct Entries {
    dir: Arc<Dir>,
    told: vec::IntoIter<Entry>,
}

/// One entry, or that its name cannot be said.
type Entry = Result<DirectoryEntry, ErrorCode>;

impl Entries {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        if self.told.as_slice().is_empty() {
            self.told = told(&self.dir)?.into_iter();
        }
        Ok(self.told.next())
    }
}

impl ReadOnly<'_> {
    /// A listing from its beginning. Not by way of cap-std, which opens the directory
    /// twice for each.
    pub(super) fn entries(&mut self, fd: &Resource<Descriptor>) -> FsResult<Entries> {
        let dir = match self.table.get_mut(&Resource::<Open>::new_borrow(fd.rep()))? {
            Open::Dir(dir, listed @ false) => {
                *listed = true;
                Arc::clone(dir)
            }
            Open::Dir(dir, true) => Arc::new(dir.open_dir(".")?),
            Open::File(_) => return Err(ErrorCode::NotDirectory.into()),
        };
        Ok(Entries { dir, told: Vec::new().into_iter() })
    }
}

/// As many entries as one system call tells; none at the end.
#[cfg(target_os = "linux")]
fn told(dir: &Dir) -> io::Result<Vec<Entry>> {
    use std::mem::MaybeUninit;
    // Names have 255 bytes, some file systems allow four times that.
    let mut buffer = [MaybeUninit::uninit(); 8 << 10];
    let mut entries = rustix::fs::RawDir::new(dir, &mut buffer);
    let mut told = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        told.extend(self::entry(entry.file_name(), entry.file_type()));
        // `.` and `..` may come alone: that is not the end.
        if entries.is_buffer_empty() && !told.is_empty() {
            break;
        }
    }
    Ok(told)
}

/// All that is left; none at the end.
#[cfg(not(target_os = "linux"))]
fn told(dir: &Dir) -> io::Result<Vec<Entry>> {
    use std::os::fd::AsFd as _;
    let mut told = Vec::new();
    let mut entries = rustix::fs::Dir::new(dir.as_fd().try_clone_to_owned()?)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        told.extend(self::entry(entry.file_name(), entry.file_type()));
    }
    Ok(told)
}

fn entry(name: &CStr, kind: FileType) -> Option<Entry> {
    if matches!(name.to_bytes(), b"." | b"..") {
        return None;
    }
    let name = name.to_str().map_err(|_| ErrorCode::IllegalByteSequence);
    Some(name.map(|name| DirectoryEntry { type_: listed(kind), name: name.to_owned() }))
}

/// What a listing tells; not every file system does.
fn listed(kind: FileType) -> DescriptorType {
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

impl types::HostDirectoryEntryStream for ReadOnly<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let entries = self.table.get_mut(&Resource::<Entries>::new_borrow(stream.rep()))?;
        // The stream goes on after a name that cannot be said.
        Ok(entries.next()?.transpose()?)
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> Result<()> {
        self.table.delete(Resource::<Entries>::new_own(stream.rep()))?;
        Ok(())
    }
}
