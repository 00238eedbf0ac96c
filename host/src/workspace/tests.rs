//! What is seen of a project that changes meanwhile.
#![expect(clippy::disallowed_methods, reason = "tests arrange a directory themselves")]

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// Looks at a path again and again, while `change` does so with the project.
fn look_while(path: &str, change: impl Fn(&Path) + Sync) -> Vec<io::Result<Place>> {
    let root = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(root.path()).unwrap();
    let path = RelPath::parse(path).unwrap();
    let looking = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while looking.load(Ordering::Relaxed) {
                change(root.path());
            }
        });
        let seen = (0..20_000).map(|_| workspace.place(&path)).collect();
        looking.store(false, Ordering::Relaxed);
        seen
    })
}

/// Other runs make and remove mount points at any moment.
#[test]
fn a_directory_that_comes_and_goes_is_there_or_missing() {
    let seen = look_while("a/.venv", |root| {
        fs::create_dir_all(root.join("a/.venv")).unwrap();
        fs::remove_dir(root.join("a/.venv")).unwrap();
        fs::remove_dir(root.join("a")).unwrap();
    });
    for place in seen {
        match place.unwrap() {
            Place::Directory(real) => assert_eq!(real.as_str(), "a/.venv"),
            Place::Missing(make) => assert_eq!(make.last().unwrap().as_str(), "a/.venv"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_that_is_just_being_made_is_no_broken_link() {
    let root = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(root.path()).unwrap();
    let file = root.path().join("paude.json");
    thread::scope(|scope| {
        let making = scope.spawn(|| {
            for _ in 0..5_000 {
                fs::write(&file, "").unwrap();
                fs::remove_file(&file).unwrap();
            }
        });
        while !making.is_finished() {
            workspace.read(Path::new("paude.json"), 10).unwrap();
        }
    });
}
