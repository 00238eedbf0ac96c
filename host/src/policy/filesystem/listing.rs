//! Listing a directory, entry by entry.

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

use super::{Open, ReadOnly, readable};

/// A listing that goes on: what the directory told last, and has not been asked for.
pub(super) struct Entries {
    dir: Arc<Dir>,
    told: Told,
}

/// What an entry is, and where its name stands; nothing if that cannot be said.
type Entry = Option<(FileType, Range<usize>)>;

/// What a directory told. All names in one string: so each is allocated when it is asked
/// for, and freed before the next, which is quick.
#[derive(Default)]
struct Told {
    names: String,
    entries: VecDeque<Entry>,
}

impl Told {
    fn add(&mut self, name: &CStr, kind: FileType) {
        if matches!(name.to_bytes(), b"." | b"..") {
            return;
        }
        if self.entries.is_empty() {
            // At once what most directories need, and not step by step.
            self.entries.reserve(32);
            self.names.reserve(512);
        }
        self.entries.push_back(name.to_str().ok().map(|name| {
            let begin = self.names.len();
            self.names.push_str(name);
            (kind, begin..self.names.len())
        }));
    }
}

impl Entries {
    fn next(&mut self) -> io::Result<Option<Result<DirectoryEntry, ErrorCode>>> {
        if self.told.entries.is_empty() {
            self.told = told(&self.dir)?;
        }
        let Told { names, entries } = &mut self.told;
        Ok(entries.pop_front().map(|entry| {
            let (kind, place) = entry.ok_or(ErrorCode::IllegalByteSequence)?;
            Ok(DirectoryEntry { type_: listed(kind), name: names[place].to_owned() })
        }))
    }
}

impl ReadOnly<'_> {
    /// A listing from its beginning. Not by way of cap-std, which opens the directory
    /// twice for each.
    pub(super) fn entries(&mut self, fd: &Resource<Descriptor>) -> FsResult<Entries> {
        let dir = match self.table.get_mut(&Resource::<Open>::new_borrow(fd.rep()))? {
            Open::Dir(dir, fresh @ true) => {
                *fresh = false;
                Arc::clone(dir)
            }
            Open::Dir(dir, false) => {
                let again = readable(dir, ".", FollowSymlinks::No, OFlags::DIRECTORY)?;
                Arc::new(Dir::from_std_file(again))
            }
            Open::File(..) => return Err(ErrorCode::NotDirectory.into()),
        };
        Ok(Entries { dir, told: Told::default() })
    }
}

/// As many entries as one system call tells; none at the end.
#[cfg(target_os = "linux")]
fn told(dir: &Dir) -> io::Result<Told> {
    use std::mem::MaybeUninit;
    // Names have 255 bytes, some file systems allow four times that.
    let mut buffer = [MaybeUninit::uninit(); 8 << 10];
    let mut entries = rustix::fs::RawDir::new(dir, &mut buffer);
    let mut told = Told::default();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            // Removed since it was opened, and so empty: the system says it for ever.
            Err(rustix::io::Errno::NOENT) => break,
            entry => entry?,
        };
        told.add(entry.file_name(), entry.file_type());
        // `.` and `..` may come alone: that is not the end.
        if entries.is_buffer_empty() && !told.entries.is_empty() {
            break;
        }
    }
    Ok(told)
}

/// All that is left; none at the end.
#[cfg(not(target_os = "linux"))]
fn told(dir: &Dir) -> io::Result<Told> {
    use std::os::fd::AsFd as _;
    let mut told = Told::default();
    let mut entries = rustix::fs::Dir::new(dir.as_fd().try_clone_to_owned()?)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        told.add(entry.file_name(), entry.file_type());
    }
    Ok(told)
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
