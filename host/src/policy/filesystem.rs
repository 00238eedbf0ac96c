//! `wasi:filesystem` for policies: one directory, read-only.
//!
//! It replaces the implementation of wasmtime-wasi for four reasons: nothing here can change a
//! file, whatever flags a policy sets; only directories and regular files can be opened, so that
//! no open waits for the other end of a fifo; a listing returns the types in the directory
//! entries, without a `stat` of each; and no thread is started. cap-std keeps every path below
//! the directory.

mod listing;
mod stream;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
pub(super) struct ReadOnlyFiles<'a> {
    pub(super) table: &'a mut ResourceTable,
    /// Counts the listed directories, for the progress line.
    pub(super) listed: &'a AtomicU64,
}

/// The object behind a descriptor.
enum OpenObject {
    /// A directory, and whether the next listing can read this descriptor itself. A second
    /// listing needs another one, because the position of a listing belongs to the descriptor,
    /// and so does a preopened directory, which is not open for reading.
    Dir(Arc<Dir>, bool),
    /// A file, and its size when it was opened; later growth may stay unread.
    File(Arc<File>, Filesize),
}

impl ReadOnlyFiles<'_> {
    /// Adds a directory that the policy did not open itself.
    pub(super) fn preopen(&mut self, dir: Dir) -> FsResult<Resource<Descriptor>> {
        self.push(OpenObject::Dir(Arc::new(dir), false))
    }

    fn push_dir(&mut self, file: File) -> FsResult<Resource<Descriptor>> {
        self.push(OpenObject::Dir(Arc::new(Dir::from_std_file(file)), true))
    }

    // The bindings fix the type of a descriptor; the table has an `OpenObject` under its number.
    fn push(&mut self, object: OpenObject) -> FsResult<Resource<Descriptor>> {
        Ok(Resource::new_own(self.table.push(object)?.rep()))
    }

    fn object(&self, fd: &Resource<Descriptor>) -> FsResult<&OpenObject> {
        Ok(self.table.get(&Resource::new_borrow(fd.rep()))?)
    }

    fn dir(&self, fd: &Resource<Descriptor>) -> FsResult<&Dir> {
        match self.object(fd)? {
            OpenObject::Dir(dir, _) => Ok(dir),
            OpenObject::File(..) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    fn file(&self, fd: &Resource<Descriptor>) -> FsResult<(&Arc<File>, Filesize)> {
        match self.object(fd)? {
            OpenObject::Dir(..) => Err(ErrorCode::IsDirectory.into()),
            OpenObject::File(file, size) => Ok((file, *size)),
        }
    }

    fn metadata(&self, fd: &Resource<Descriptor>) -> FsResult<Metadata> {
        Ok(match self.object(fd)? {
            OpenObject::Dir(dir, _) => dir.dir_metadata()?,
            OpenObject::File(file, _) => Metadata::from_file(file)?,
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

/// Opens a path for reading, without waiting for the other end of a fifo.
fn open_readable(dir: &Dir, path: &str, follow: FollowSymlinks, flags: OFlags) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | flags;
    let mut options = OpenOptions::new();
    options.read(true).follow(follow).custom_flags(flags.bits().cast_signed());
    dir.open_with(path, &options).map(cap_std::fs::File::into_std)
}

fn descriptor_type(kind: FileType) -> DescriptorType {
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

/// Leaves the times out, so that no result depends on them.
fn descriptor_stat(data: &Metadata) -> DescriptorStat {
    DescriptorStat {
        type_: descriptor_type(data.file_type()),
        link_count: data.nlink(),
        size: data.len(),
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

fn hash_identity(data: &Metadata) -> MetadataHashValue {
    let mut hasher = DefaultHasher::new();
    (data.dev(), data.ino()).hash(&mut hasher);
    MetadataHashValue { lower: hasher.finish(), upper: data.ino() }
}

/// The result of every call that would change something.
fn refuse_write<T>() -> FsResult<T> {
    Err(ErrorCode::ReadOnly.into())
}

impl types::Host for ReadOnlyFiles<'_> {
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

impl types::HostDescriptor for ReadOnlyFiles<'_> {
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
            return refuse_write();
        }
        let follow = match follow.contains(PathFlags::SYMLINK_FOLLOW) {
            true => FollowSymlinks::Yes,
            false => FollowSymlinks::No,
        };
        let mut flags = OFlags::empty();
        flags.set(OFlags::DIRECTORY, open.contains(OpenFlags::DIRECTORY));
        let file = open_readable(self.dir(&fd)?, &path, follow, flags)?;
        if flags.contains(OFlags::DIRECTORY) {
            return self.push_dir(file);
        }
        let data = file.metadata()?;
        if data.is_dir() {
            self.push_dir(file)
        } else if data.is_file() {
            self.push(OpenObject::File(Arc::new(file), data.len()))
        } else {
            Err(ErrorCode::NotPermitted.into())
        }
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> Result<()> {
        self.table.delete(Resource::<OpenObject>::new_own(fd.rep()))?;
        Ok(())
    }

    fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        self.listed.fetch_add(1, Ordering::Relaxed);
        let listing = self.start_listing(&fd)?;
        Ok(Resource::new_own(self.table.push(listing)?.rep()))
    }

    fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        Ok(descriptor_stat(&self.metadata(&fd)?))
    }

    fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        Ok(descriptor_stat(&self.metadata_at(&fd, flags, &path)?))
    }

    fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let target = self.dir(&fd)?.read_link(path)?;
        target.into_os_string().into_string().map_err(|_| ErrorCode::IllegalByteSequence.into())
    }

    fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let (file, size) = self.file(&fd)?;
        let bytes = read_at(file, length, offset)?;
        // Files in /proc have size 0: only an empty read shows where they end.
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
        self.object(&fd).map(|_| DescriptorFlags::READ)
    }

    fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        Ok(descriptor_type(self.metadata(&fd)?.file_type()))
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> Result<bool> {
        let identity = |data: Metadata| (data.dev(), data.ino());
        let same =
            |a, b| Ok::<_, FsError>(identity(self.metadata(a)?) == identity(self.metadata(b)?));
        Ok(same(&a, &b).unwrap_or(false))
    }

    fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        Ok(hash_identity(&self.metadata(&fd)?))
    }

    fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        Ok(hash_identity(&self.metadata_at(&fd, flags, &path)?))
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
        refuse_write()
    }

    fn set_times(
        &mut self,
        _: Resource<Descriptor>,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> FsResult<()> {
        refuse_write()
    }

    fn set_times_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> FsResult<()> {
        refuse_write()
    }

    fn write(&mut self, _: Resource<Descriptor>, _: Vec<u8>, _: Filesize) -> FsResult<Filesize> {
        refuse_write()
    }

    fn write_via_stream(
        &mut self,
        _: Resource<Descriptor>,
        _: Filesize,
    ) -> FsResult<Resource<streams::OutputStream>> {
        refuse_write()
    }

    fn append_via_stream(
        &mut self,
        _: Resource<Descriptor>,
    ) -> FsResult<Resource<streams::OutputStream>> {
        refuse_write()
    }

    fn create_directory_at(&mut self, _: Resource<Descriptor>, _: String) -> FsResult<()> {
        refuse_write()
    }

    fn remove_directory_at(&mut self, _: Resource<Descriptor>, _: String) -> FsResult<()> {
        refuse_write()
    }

    fn unlink_file_at(&mut self, _: Resource<Descriptor>, _: String) -> FsResult<()> {
        refuse_write()
    }

    fn symlink_at(&mut self, _: Resource<Descriptor>, _: String, _: String) -> FsResult<()> {
        refuse_write()
    }

    fn rename_at(
        &mut self,
        _: Resource<Descriptor>,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> FsResult<()> {
        refuse_write()
    }

    fn link_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> FsResult<()> {
        refuse_write()
    }
}
