//! Listing a directory, entry by entry.

use rustix::fs::{Dir, FileType};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    self, Descriptor, DescriptorType, DirectoryEntry, DirectoryEntryStream,
};

use super::{Open, ReadOnly};

impl ReadOnly<'_> {
    /// A listing from its beginning. Not by way of cap-std, which opens the directory
    /// twice for each.
    pub(super) fn entries(&mut self, fd: &Resource<Descriptor>) -> FsResult<Dir> {
        let entries = match self.table.get_mut(&Resource::<Open>::new_borrow(fd.rep()))? {
            Open::Dir(dir, listed @ false) => {
                *listed = true;
                Dir::new(dir.try_clone()?)
            }
            Open::Dir(dir, true) => Dir::read_from(dir),
            Open::File(_) => return Err(ErrorCode::NotDirectory.into()),
        };
        Ok(entries.map_err(std::io::Error::from)?)
    }
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
        let entries = self.table.get_mut(&Resource::<Dir>::new_borrow(stream.rep()))?;
        let entry = loop {
            match entries.read().transpose().map_err(std::io::Error::from)? {
                Some(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
                entry => break entry,
            }
        };
        let Some(entry) = entry else { return Ok(None) };
        // The stream goes on after a name that cannot be said.
        let name = entry.file_name().to_str().map_err(|_| ErrorCode::IllegalByteSequence)?;
        Ok(Some(DirectoryEntry { type_: listed(entry.file_type()), name: name.to_owned() }))
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> Result<()> {
        self.table.delete(Resource::<Dir>::new_own(stream.rep()))?;
        Ok(())
    }
}
