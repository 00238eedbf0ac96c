//! `wasi:filesystem` as a policy gets it: one directory, to be read.
//!
//! Written for this one purpose rather than taken from wasmtime-wasi: nothing here
//! can change a file, whatever flags are set; only directories and regular files
//! can be opened, so that no open waits for the other end of a fifo; a listing
//! takes the types that the directory tells and asks for nothing more; and no
//! thread is started. Paths stay below the directory by cap-std's resolution.

mod listing;
mod stream;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::sync::Arc;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::fs::{
    Dir, FileType, FileTypeExt as _, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _,
};
use rustix::fs::OFlags;
use wasmtime::Result;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    self, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType,
    DirectoryEntryStream, Filesize, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::streams;
use wasmtime_wasi::p2::{DynInputStream, FsError, FsResult};

use stream::{FileStream, read_at};

/// The open files and directories of one policy.
pub(super) struct ReadOnly<'a> {
    pub(super) table: &'a mut ResourceTable,
}

/// What a descriptor stands for.
enum Open {
    /// With whether a listing goes through this very descriptor: the first one of what the
    /// policy opened. Else the directory is opened anew, as the place in a listing belongs
    /// to the descriptor, and as a preopened one is not open for reading.
    Dir(Arc<Dir>, bool),
    /// With its size when it was opened. What it grows by later may go unread.
    File(Arc<File>, Filesize),
}

impl ReadOnly<'_> {
    /// Hands a directory to the policy before it asks for one.
    pub(super) fn preopen(&mut self, dir: Dir) -> FsResult<Resource<Descriptor>> {
        self.push(Open::Dir(Arc::new(dir), false))
    }

    fn push_dir(&mut self, file: File) -> FsResult<Resource<Descriptor>> {
        self.push(Open::Dir(Arc::new(Dir::from_std_file(file)), true))
    }

    // The bindings name the types of resources; the table holds ours under the same number.
    fn push(&mut self, open: Open) -> FsResult<Resource<Descriptor>> {
        Ok(Resource::new_own(self.table.push(open)?.rep()))
    }

    fn open(&self, fd: &Resource<Descriptor>) -> FsResult<&Open> {
        Ok(self.table.get(&Resource::new_borrow(fd.rep()))?)
    }

    fn dir(&self, fd: &Resource<Descriptor>) -> FsResult<&Dir> {
        match self.open(fd)? {
            Open::Dir(dir, _) => Ok(dir),
            Open::File(..) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    fn file(&self, fd: &Resource<Descriptor>) -> FsResult<(&Arc<File>, Filesize)> {
        match self.open(fd)? {
            Open::Dir(..) => Err(ErrorCode::IsDirectory.into()),
            Open::File(file, size) => Ok((file, *size)),
        }
    }

    fn metadata(&self, fd: &Resource<Descriptor>) -> FsResult<Metadata> {
        Ok(match self.open(fd)? {
            Open::Dir(dir, _) => dir.dir_metadata()?,
            Open::File(file, _) => Metadata::from_file(file)?,
        })
    }

    fn metadata_at(
        &self,
        fd: &Resource<Descriptor>,
        flags: PathFlags,
        path: &str,
    ) -> FsResult<Metadata> {
        let dir = self.dir(fd)?;
        Ok(match flags.contains(PathFlags::SYMLINK_FOLLOW) {
            true => dir.metadata(path)?,
            false => dir.symlink_metadata(path)?,
        })
    }
}

/// Opens something for reading without waiting for a fifo's other end.
fn readable(dir: &Dir, path: &str, follow: FollowSymlinks, only: OFlags) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).follow(follow).custom_flags((OFlags::NONBLOCK | only).bits().cast_signed());
    dir.open_with(path, &options).map(cap_std::fs::File::into_std)
}

fn kind(kind: FileType) -> DescriptorType {
    match kind {
        kind if kind.is_file() => DescriptorType::RegularFile,
        kind if kind.is_dir() => DescriptorType::Directory,
        kind if kind.is_symlink() => DescriptorType::SymbolicLink,
        kind if kind.is_fifo() => DescriptorType::Fifo,
        kind if kind.is_socket() => DescriptorType::Socket,
        kind if kind.is_block_device() => DescriptorType::BlockDevice,
        kind if kind.is_char_device() => DescriptorType::CharacterDevice,
        _ => DescriptorType::Unknown,
    }
}

/// Without times: an answer must not depend on them.
fn stat(data: &Metadata) -> DescriptorStat {
    DescriptorStat {
        type_: kind(data.file_type()),
        link_count: data.nlink(),
        size: data.len(),
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

fn hash(data: &Metadata) -> MetadataHashValue {
    let mut hasher = DefaultHasher::new();
    (data.dev(), data.ino()).hash(&mut hasher);
    MetadataHashValue { lower: hasher.finish(), upper: data.ino() }
}

/// What every call that would change something is answered.
fn read_only<T>() -> FsResult<T> {
    Err(ErrorCode::ReadOnly.into())
}

impl types::Host for ReadOnly<'_> {
    fn convert_error_code(&mut self, error: FsError) -> Result<types::ErrorCode> {
        error.downcast().map(Into::into)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<streams::Error>,
    ) -> Result<Option<types::ErrorCode>> {
        let error = self.table.get(&error)?.downcast_ref::<std::io::Error>();
        Ok(error.map(|_| types::ErrorCode::Io))
    }
}

impl types::HostDescriptor for ReadOnly<'_> {
    fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        follow: PathFlags,
        path: String,
        open: OpenFlags,
        mode: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let writing = DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY;
        if mode.intersects(writing) || open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE) {
            return read_only();
        }
        let follow = match follow.contains(PathFlags::SYMLINK_FOLLOW) {
            true => FollowSymlinks::Yes,
            false => FollowSymlinks::No,
        };
        let mut only = OFlags::empty();
        only.set(OFlags::DIRECTORY, open.contains(OpenFlags::DIRECTORY));
        let file = readable(self.dir(&fd)?, &path, follow, only)?;
        if only.contains(OFlags::DIRECTORY) {
            return self.push_dir(file);
        }
        let found = file.metadata()?;
        if found.is_dir() {
            self.push_dir(file)
        } else if found.is_file() {
            self.push(Open::File(Arc::new(file), found.len()))
        } else {
            Err(ErrorCode::NotPermitted.into())
        }
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        self.table.delete(Resource::<Open>::new_own(fd.rep()))?;
        Ok(())
    }

    fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let entries = self.entries(&fd)?;
        Ok(Resource::new_own(self.table.push(entries)?.rep()))
    }

    fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        Ok(stat(&self.metadata(&fd)?))
    }

    fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        Ok(stat(&self.metadata_at(&fd, flags, &path)?))
    }

    fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let text = self.dir(&fd)?.read_link(path)?;
        text.into_os_string().into_string().map_err(|_| ErrorCode::IllegalByteSequence.into())
    }

    fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let (file, size) = self.file(&fd)?;
        let bytes = read_at(file, length, offset)?;
        // Some files tell no size: those of /proc end where nothing comes.
        let at_end = offset.saturating_add(bytes.len() as u64) == size || bytes.is_empty();
        Ok((bytes, at_end && length > 0))
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let file = Arc::clone(self.file(&fd)?.0);
        let stream: DynInputStream = Box::new(FileStream::new(file, offset));
        Ok(self.table.push(stream)?)
    }

    fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.open(&fd).map(|_| DescriptorFlags::READ)
    }

    fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        Ok(kind(self.metadata(&fd)?.file_type()))
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> Result<bool> {
        let identity = |data: Metadata| (data.dev(), data.ino());
        let same =
            |a, b| Ok::<_, FsError>(identity(self.metadata(a)?) == identity(self.metadata(b)?));
        Ok(same(&a, &b).unwrap_or(false))
    }

    fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        Ok(hash(&self.metadata(&fd)?))
    }

    fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        Ok(hash(&self.metadata_at(&fd, flags, &path)?))
    }

    fn advise(&mut self, _: Resource<Descriptor>, _: u64, _: u64, _: Advice) -> FsResult<()> {
        Ok(())
    }

    fn sync_data(&mut self, _: Resource<Descriptor>) -> FsResult<()> {
        Ok(())
    }

    fn sync(&mut self, _: Resource<Descriptor>) -> FsResult<()> {
        Ok(())
    }

    fn set_size(&mut self, _: Resource<Descriptor>, _: Filesize) -> FsResult<()> {
        read_only()
    }

    fn set_times(
        &mut self,
        _: Resource<Descriptor>,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> FsResult<()> {
        read_only()
    }

    fn set_times_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> FsResult<()> {
        read_only()
    }

    fn write(&mut self, _: Resource<Descriptor>, _: Vec<u8>, _: Filesize) -> FsResult<Filesize> {
        read_only()
    }

    fn write_via_stream(
        &mut self,
        _: Resource<Descriptor>,
        _: Filesize,
    ) -> FsResult<Resource<streams::OutputStream>> {
        read_only()
    }

    fn append_via_stream(
        &mut self,
        _: Resource<Descriptor>,
    ) -> FsResult<Resource<streams::OutputStream>> {
        read_only()
    }

    fn create_directory_at(&mut self, _: Resource<Descriptor>, _: String) -> FsResult<()> {
        read_only()
    }

    fn remove_directory_at(&mut self, _: Resource<Descriptor>, _: String) -> FsResult<()> {
        read_only()
    }

    fn unlink_file_at(&mut self, _: Resource<Descriptor>, _: String) -> FsResult<()> {
        read_only()
    }

    fn symlink_at(&mut self, _: Resource<Descriptor>, _: String, _: String) -> FsResult<()> {
        read_only()
    }

    fn rename_at(
        &mut self,
        _: Resource<Descriptor>,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> FsResult<()> {
        read_only()
    }

    fn link_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> FsResult<()> {
        read_only()
    }
}
