//! The view of a real disk returns the same as the one in memory.

use crate::detect::detect;
use crate::tree::{FileType, Tree, disk::DiskTree};
use crate::types::{Link, Selection};
use std::fs;
use std::path::PathBuf;

/// A directory of its own, gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("paude-guest-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
#[cfg(unix)]
fn a_real_project_is_looked_at() {
    use std::os::unix::fs::symlink;
    let root = Scratch::new("project");
    let at = |path: &str| root.0.join(path);
    fs::create_dir_all(at("envs/py")).unwrap();
    fs::write(at("envs/py/pyvenv.cfg"), "home = /usr/bin\nversion = 3.11.2\n").unwrap();
    symlink("envs/py", at(".venv")).unwrap();
    symlink("/nowhere", at("venv")).unwrap();
    fs::write(at(".env"), "X=1").unwrap();

    let tree = DiskTree::new(&root.0);
    assert_eq!(tree.file_type(".venv"), Ok(Some(FileType::Link)));
    assert_eq!(tree.file_type(".env/x"), Ok(None));
    assert!(tree.list(".venv", &mut |_| {}).is_err(), "a link is not followed");

    let found = detect(&tree, &super::query(Selection::Auto)).unwrap();
    let paths: Vec<_> = found.environments.iter().map(|f| (f.path.as_str(), &f.link)).collect();
    let outside = Some(Link::Outside);
    assert_eq!(paths, [("envs/py", &None), ("venv", &outside)]);
    assert_eq!(found.environments[0].python.as_deref(), Some("3.11.2"));
    assert_eq!(found.notes, []);
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_utf_8_is_an_entry_without_a_name() {
    use std::os::unix::ffi::OsStrExt;
    let root = Scratch::new("names");
    fs::create_dir(root.0.join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap();
    fs::create_dir(root.0.join("plain")).unwrap();
    let mut names = Vec::new();
    DiskTree::new(&root.0).list("", &mut |entry| names.push(entry.name)).unwrap();
    names.sort();
    assert_eq!(names, [None, Some("plain".to_string())]);
}

#[test]
fn a_directory_that_is_gone_has_no_entries() {
    let root = Scratch::new("gone");
    let tree = DiskTree::new(&root.0);
    tree.list("gone", &mut |entry| panic!("{entry:?}")).unwrap();
    let nowhere = DiskTree::new(root.0.join("nowhere"));
    assert!(nowhere.list("", &mut |_| {}).is_err());
}
