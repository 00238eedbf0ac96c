//! What a policy is told of directories and files.
#![expect(clippy::disallowed_methods, reason = "tests arrange a directory themselves")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use cap_std::ambient_authority;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    HostDescriptor as _, HostDirectoryEntryStream as _,
};

use super::*;

/// A preopened directory.
fn preopened(files: &mut ReadOnly<'_>, path: &Path) -> Resource<Descriptor> {
    files.preopen(Dir::open_ambient_dir(path, ambient_authority()).unwrap()).unwrap()
}

/// The resource itself is the caller's to keep.
fn borrow<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

/// Opens a path for reading.
fn opened(
    files: &mut ReadOnly<'_>,
    dir: &Resource<Descriptor>,
    path: &str,
    only: OpenFlags,
) -> Resource<Descriptor> {
    let (plain, read) = (PathFlags::empty(), DescriptorFlags::READ);
    files.open_at(borrow(dir), plain, path.to_owned(), only, read).unwrap()
}

/// All that a listing tells from where it stands; of a name that cannot be said, a `?`.
fn rest(files: &mut ReadOnly<'_>, stream: &Resource<DirectoryEntryStream>) -> Vec<String> {
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

fn list(files: &mut ReadOnly<'_>, dir: &Resource<Descriptor>) -> Vec<String> {
    let stream = files.read_directory(borrow(dir)).unwrap();
    rest(files, &stream)
}

#[test]
fn every_descriptor_can_be_listed_and_listed_again() {
    let dir = tempfile::tempdir().unwrap();
    let name = |number: usize| format!("{number:0200}");
    // More than one system call tells.
    let mut all: Vec<_> = (0..100).map(name).collect();
    for name in &all {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    std::fs::create_dir(dir.path().join(OsStr::from_bytes(b"\xff"))).unwrap();
    all.push("?".to_owned());
    let mut table = ResourceTable::new();
    let mut files = ReadOnly { table: &mut table };
    let root = preopened(&mut files, dir.path());
    let only = OpenFlags::DIRECTORY;
    let inside = opened(&mut files, &root, ".", only);
    for dir in [&root, &inside] {
        assert_eq!(list(&mut files, dir), all);
        assert_eq!(list(&mut files, dir), all);
        let (one, other) = (files.read_directory(borrow(dir)), files.read_directory(borrow(dir)));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(matches!(files.read_directory_entry(borrow(&one)), Ok(Some(_))));
        assert_eq!(rest(&mut files, &other), all);
        assert_eq!(rest(&mut files, &one).len(), all.len() - 1);
    }
    let empty = opened(&mut files, &root, &name(0), only);
    assert!(list(&mut files, &empty).is_empty());
}

/// Other runs remove their mount points while a policy looks.
#[test]
fn a_directory_that_is_removed_has_no_entries() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("gone")).unwrap();
    let mut table = ResourceTable::new();
    let mut files = ReadOnly { table: &mut table };
    let root = preopened(&mut files, dir.path());
    let gone = opened(&mut files, &root, "gone", OpenFlags::DIRECTORY);
    std::fs::remove_dir(dir.path().join("gone")).unwrap();
    assert!(list(&mut files, &gone).is_empty());
}

/// What the reads of a file tell: how many bytes, and whether they are the last.
fn reads(path: &Path, asked: Filesize) -> Vec<(usize, bool)> {
    let mut table = ResourceTable::new();
    let mut files = ReadOnly { table: &mut table };
    let root = preopened(&mut files, path.parent().unwrap());
    let name = path.file_name().unwrap().to_str().unwrap();
    let file = opened(&mut files, &root, name, OpenFlags::empty());
    let (mut told, mut offset) = (Vec::new(), 0);
    loop {
        let (bytes, end) = files.read(borrow(&file), asked, offset).unwrap();
        offset += bytes.len() as Filesize;
        told.push((bytes.len(), end));
        if end {
            return told;
        }
    }
}

#[test]
fn the_last_bytes_of_a_file_are_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let written = |length: usize| std::fs::write(&file, vec![b'.'; length]).unwrap();
    written(0);
    assert_eq!(reads(&file, 100), [(0, true)]);
    written(100);
    assert_eq!(reads(&file, 100), [(100, true)]);
    assert_eq!(reads(&file, 60), [(60, false), (40, true)]);
    written(20_000);
    assert_eq!(reads(&file, u64::MAX), [(8192, false), (8192, false), (3616, true)]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_size_ends_where_nothing_comes() {
    let told = reads(Path::new("/proc/self/status"), 8192);
    assert!(told.len() > 1 && told[0].0 > 0, "{told:?}");
    assert_eq!(told.last(), Some(&(0, true)));
}
