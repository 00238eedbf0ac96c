use std::path::Path;

use cap_std::ambient_authority;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::HostDescriptor as _;

use super::*;

/// What the reads of a file tell: how many bytes, and whether they are the last.
fn reads(path: &Path, asked: Filesize) -> Vec<(usize, bool)> {
    let mut table = ResourceTable::new();
    let mut files = ReadOnly { table: &mut table };
    let root = Dir::open_ambient_dir(path.parent().unwrap(), ambient_authority()).unwrap();
    let root = files.push_dir(root).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let (plain, read) = (PathFlags::empty(), DescriptorFlags::READ);
    let file = files.open_at(root, plain, name, OpenFlags::empty(), read).unwrap();
    let (mut told, mut offset) = (Vec::new(), 0);
    loop {
        let file = Resource::new_borrow(file.rep());
        let (bytes, end) = files.read(file, asked, offset).unwrap();
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
    #[expect(clippy::disallowed_methods, reason = "a directory of the test's own")]
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
