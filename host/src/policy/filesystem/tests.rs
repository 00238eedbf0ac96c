//! Directories and files as a policy reads them.
#![expect(clippy::disallowed_methods, reason = "tests create their own directories")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use cap_std::ambient_authority;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    HostDescriptor as _, HostDirectoryEntryStream as _,
};

use super::*;

static LISTED: AtomicU64 = AtomicU64::new(0);

/// Preopens a directory.
fn preopen(files: &mut ReadOnlyFiles<'_>, path: &Path) -> Resource<Descriptor> {
    files.preopen(Dir::open_ambient_dir(path, ambient_authority()).unwrap()).unwrap()
}

/// A second handle to a resource that the caller keeps.
fn borrow<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

/// Opens a path for reading.
fn open(
    files: &mut ReadOnlyFiles<'_>,
    dir: &Resource<Descriptor>,
    path: &str,
    flags: OpenFlags,
) -> Resource<Descriptor> {
    let (no_follow, read) = (PathFlags::empty(), DescriptorFlags::READ);
    files.open_at(borrow(dir), no_follow, path.to_owned(), flags, read).unwrap()
}

/// The remaining entries of a listing, sorted; `?` for a name that is not UTF-8.
fn read_rest(
    files: &mut ReadOnlyFiles<'_>,
    stream: &Resource<DirectoryEntryStream>,
) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        match files.read_directory_entry(borrow(stream)) {
            Ok(Some(entry)) => names.push(entry.name),
            Ok(None) => break,
            Err(error) => {
                let code = error.downcast_ref();
                assert!(matches!(code, Some(ErrorCode::IllegalByteSequence)), "{error:?}");
                names.push("?".to_owned());
            }
        }
    }
    names.sort();
    names
}

fn list(files: &mut ReadOnlyFiles<'_>, dir: &Resource<Descriptor>) -> Vec<String> {
    let stream = files.read_directory(borrow(dir)).unwrap();
    read_rest(files, &stream)
}

#[test]
fn every_descriptor_can_be_listed_repeatedly() {
    let dir = tempfile::tempdir().unwrap();
    let name = |number: usize| format!("{number:0200}");
    // More names than one system call returns.
    let mut all: Vec<_> = (0..100).map(name).collect();
    for name in &all {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    std::fs::create_dir(dir.path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    all.push("?".to_owned());
    let mut table = ResourceTable::new();
    let mut files = ReadOnlyFiles { table: &mut table, listed: &LISTED };
    let root = preopen(&mut files, dir.path());
    let reopened = open(&mut files, &root, ".", OpenFlags::DIRECTORY);
    for dir in [&root, &reopened] {
        assert_eq!(list(&mut files, dir), all);
        assert_eq!(list(&mut files, dir), all);
        let (one, other) = (files.read_directory(borrow(dir)), files.read_directory(borrow(dir)));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(matches!(files.read_directory_entry(borrow(&one)), Ok(Some(_))));
        assert_eq!(read_rest(&mut files, &other), all);
        assert_eq!(read_rest(&mut files, &one).len(), all.len() - 1);
    }
    let empty = open(&mut files, &root, &name(0), OpenFlags::DIRECTORY);
    assert!(list(&mut files, &empty).is_empty());
}

/// Other runs remove their mount points while a policy searches.
#[test]
fn a_removed_directory_has_no_entries() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("gone")).unwrap();
    let mut table = ResourceTable::new();
    let mut files = ReadOnlyFiles { table: &mut table, listed: &LISTED };
    let root = preopen(&mut files, dir.path());
    let gone = open(&mut files, &root, "gone", OpenFlags::DIRECTORY);
    std::fs::remove_dir(dir.path().join("gone")).unwrap();
    assert!(list(&mut files, &gone).is_empty());
}

/// Reads a file to its end; returns the number of bytes of each read, and whether it was
/// reported to be the last one.
fn read_lengths(path: &Path, length: Filesize) -> Vec<(usize, bool)> {
    let mut table = ResourceTable::new();
    let mut files = ReadOnlyFiles { table: &mut table, listed: &LISTED };
    let root = preopen(&mut files, path.parent().unwrap());
    let name = path.file_name().unwrap().to_str().unwrap();
    let file = open(&mut files, &root, name, OpenFlags::empty());
    let (mut lengths, mut offset) = (Vec::new(), 0);
    loop {
        let (bytes, end) = files.read(borrow(&file), length, offset).unwrap();
        offset += bytes.len() as Filesize;
        lengths.push((bytes.len(), end));
        if end {
            return lengths;
        }
    }
}

#[test]
fn the_last_read_of_a_file_reports_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let write = |length: usize| std::fs::write(&file, vec![b'.'; length]).unwrap();
    write(0);
    assert_eq!(read_lengths(&file, 100), [(0, true)]);
    write(100);
    assert_eq!(read_lengths(&file, 100), [(100, true)]);
    assert_eq!(read_lengths(&file, 60), [(60, false), (40, true)]);
    write(20_000);
    assert_eq!(read_lengths(&file, u64::MAX), [(8192, false), (8192, false), (3616, true)]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_size_ends_at_an_empty_read() {
    let lengths = read_lengths(Path::new("/proc/self/status"), 8192);
    assert!(lengths.len() > 1 && lengths[0].0 > 0, "{lengths:?}");
    assert_eq!(lengths.last(), Some(&(0, true)));
}
