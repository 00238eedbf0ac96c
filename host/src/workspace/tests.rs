//! Reading a project that changes at the same time.
#![expect(clippy::disallowed_methods, reason = "tests create their own directories")]

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// Inspects a path repeatedly, while another thread calls `change` repeatedly.
fn inspect_while(path: &str, change: impl Fn(&Path) + Sync) -> Vec<io::Result<PathState>> {
    let root = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(root.path()).unwrap();
    let path = RelPath::parse(path).unwrap();
    let running = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while running.load(Ordering::Relaxed) {
                change(root.path());
            }
        });
        let states = (0..20_000).map(|_| workspace.inspect_path(&path)).collect();
        running.store(false, Ordering::Relaxed);
        states
    })
}

/// Other runs create and remove mount points at any time.
#[test]
fn a_directory_that_appears_and_disappears_is_a_directory_or_missing() {
    let states = inspect_while("a/.venv", |root| {
        fs::create_dir_all(root.join("a/.venv")).unwrap();
        fs::remove_dir(root.join("a/.venv")).unwrap();
        fs::remove_dir(root.join("a")).unwrap();
    });
    for state in states {
        match state.unwrap() {
            PathState::Directory(real) => assert_eq!(real.as_str(), "a/.venv"),
            PathState::Missing(missing) => assert_eq!(missing.last().as_str(), "a/.venv"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_that_is_being_created_is_not_reported_as_a_dangling_link() {
    let root = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(root.path()).unwrap();
    let file = root.path().join("paude.json");
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..5_000 {
                fs::write(&file, "").unwrap();
                fs::remove_file(&file).unwrap();
            }
        });
        while !writer.is_finished() {
            workspace.read(Path::new("paude.json"), 10).unwrap();
        }
    });
}
