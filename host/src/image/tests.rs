//! Listing, archiving and stamping a context.
#![expect(clippy::disallowed_methods, reason = "tests create their own directories")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use tempfile::TempDir;

use super::archive::{self, AddedFile, ArchiveFault};
use super::context::{Context, LeftOut};
use super::ignore::IgnoreList;
use super::stamp::{self, StampInputs};
use super::store::ImageStore;
use crate::deadline::Deadline;
use crate::engine::Engine;
use crate::error::Result;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn list_without(root: &Path, ignored: &str, paths: &[&str]) -> Result<Context> {
    let dir = Dir::open_ambient_dir(root, ambient_authority()).unwrap();
    let ignored = IgnoreList::parse(ignored).unwrap();
    let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
    let left_out = LeftOut { ignored: &ignored, paths: &paths };
    Context::list(dir, &left_out, Deadline::after(Duration::from_secs(60)))
}

fn list(root: &Path) -> Context {
    list_without(root, "", &[]).unwrap()
}

fn names(context: &Context) -> Vec<String> {
    context.entries.iter().map(|entry| entry.path.to_string_lossy().into_owned()).collect()
}

fn archive(context: &Context, added: &[AddedFile]) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive::write(context, added, &mut bytes).unwrap_or_else(|fault| panic!("{fault:?}"));
    bytes
}

#[test]
fn a_context_has_no_git_no_hidden_and_no_ignored_entries() {
    let root = tree(&[
        (".git/config", ""),
        ("sub/.git", "gitdir: x"),
        (".venv/bin/python", ""),
        ("docs/a/b.md", ""),
        ("docs/keep/c.md", ""),
        ("Dockerfile", ""),
        ("src/x.pyc", ""),
        ("src/x.py", ""),
    ]);
    let context = list_without(root.path(), "docs\n!docs/keep\n**/*.pyc", &[".venv"]).unwrap();
    let wanted = ["Dockerfile", "docs", "docs/keep", "docs/keep/c.md", "src", "src/x.py", "sub"];
    assert_eq!(names(&context), wanted);
}

#[test]
fn what_is_no_file_directory_or_link_is_left_out() {
    let root = tree(&[("file", "")]);
    let fifo = root.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    symlink("fifo", root.path().join("link")).unwrap();
    let context = list(root.path());
    assert_eq!(names(&context), ["file", "link"]);
    assert!(!archive(&context, &[]).is_empty());
}

#[test]
fn an_archive_holds_names_links_modes_and_content_of_any_kind() {
    let root = tempfile::tempdir().unwrap();
    let long = "d".repeat(120);
    let names: [&[u8]; 8] = [
        b"plain",
        b"new\nline",
        b" -rf $(x) ",
        b"not\xffutf8",
        "\u{202e}\u{1f40d}".as_bytes(),
        b"back\\slash",
        b"\"quote\"",
        &[b'n'; 200],
    ];
    let mut wanted = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        let path = Path::new(&long).join(std::ffi::OsString::from_vec(name.to_vec()));
        let file = root.path().join(&path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, vec![b'x'; 511 * index]).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o4755)).unwrap();
        wanted.insert(path.as_os_str().as_bytes().to_vec(), vec![b'x'; 511 * index]);
    }
    let targets = ["/etc/passwd", "../../outside", "./dot/", &"t/".repeat(100)];
    for (index, target) in targets.iter().enumerate() {
        symlink(target, root.path().join(format!("link{index}"))).unwrap();
    }
    let added = AddedFile { name: "added".to_owned(), content: b"FROM x".to_vec() };
    let bytes = archive(&list(root.path()), &[added]);
    let (mut found, mut links) = (BTreeMap::new(), Vec::new());
    for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let (kind, mode) = (header.entry_type(), header.mode().unwrap());
        let path = entry.path_bytes().into_owned();
        if kind.is_symlink() {
            links.push(String::from_utf8(entry.link_name_bytes().unwrap().into_owned()).unwrap());
        } else if kind.is_file() && path != b"added" {
            // No set-user-id bit: the file belongs to root in the image.
            assert_eq!(mode, 0o755);
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.insert(path, content);
        }
    }
    assert_eq!(found, wanted);
    assert_eq!(links, targets);
}

#[test]
fn times_follow_from_the_content() {
    let root = tree(&[("a", "12345"), ("b", "54321"), ("c/d", "12345")]);
    let times = |root: &Path| {
        let bytes = archive(&list(root), &[]);
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            (entry.path().unwrap().into_owned(), entry.header().mtime().unwrap())
        });
        entries.collect::<BTreeMap<_, _>>()
    };
    let before = times(root.path());
    assert_eq!(before[Path::new("a")], before[Path::new("c/d")]);
    assert_ne!(before[Path::new("a")], before[Path::new("b")]);
    fs::write(root.path().join("a"), "12345").unwrap();
    assert_eq!(times(root.path()), before);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    // Neither before what a zip archive can hold nor in the future.
    assert!(before.values().all(|time| (315_532_800..now.as_secs()).contains(time)));
}

/// The engine must not take a part of the context for the whole.
#[test]
fn an_archive_of_what_changes_meanwhile_is_an_error_and_has_no_end() {
    let changes: [fn(&Path); 5] = [
        |file| fs::write(file, "other!").unwrap(), // of the same size
        |file| fs::write(file, "x").unwrap(),
        |file| fs::remove_file(file).unwrap(),
        |file| {
            fs::remove_file(file).unwrap();
            symlink("/etc/passwd", file).unwrap();
        },
        |file| {
            fs::remove_file(file).unwrap();
            let mode = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mkfifoat(rustix::fs::CWD, file, mode).unwrap();
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let root = tree(&[("a", "first"), ("b", "before"), ("c", "last")]);
        let mut context = list(root.path());
        context.hash_files(Deadline::after(Duration::from_secs(60))).unwrap();
        change(&root.path().join("b"));
        let mut bytes = Vec::new();
        let written = archive::write(&context, &[], &mut bytes);
        let Err(ArchiveFault::Context(error)) = written else { panic!("{index}: {written:?}") };
        assert!(error.message().starts_with("cannot read `b` of the build's context: "), "{error}");
        assert!(!bytes.ends_with(&[0; 1024]), "{index}: the archive has an end");
    }
}

#[test]
fn a_file_that_grows_is_an_error_or_keeps_the_size_of_its_header() {
    let root = tree(&[("a", "before")]);
    let mut context = list(root.path());
    fs::write(root.path().join("a"), "before and after").unwrap();
    assert!(context.hash_files(Deadline::after(Duration::from_secs(60))).is_err());
    let context = list(root.path());
    fs::write(root.path().join("a"), "before and after and more").unwrap();
    assert!(archive::write(&context, &[], Vec::new()).is_err());
}

#[test]
fn a_context_is_bounded_in_depth_and_time() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("d/".repeat(258))).unwrap();
    let error = list_without(root.path(), "", &[]).unwrap_err();
    assert!(error.message().ends_with("is deeper than 256 directories"), "{error}");
    assert!(names(&list_without(root.path(), "d", &[]).unwrap()).is_empty());

    let dir = Dir::open_ambient_dir(root.path(), ambient_authority()).unwrap();
    let left_out = LeftOut { ignored: &IgnoreList::default(), paths: &[] };
    let error = Context::list(dir, &left_out, Deadline::after(Duration::ZERO)).unwrap_err();
    assert!(error.message().contains("takes longer than 0 s"), "{error}");
}

#[test]
fn a_stamp_changes_with_each_input() {
    let args = |value: &str| BTreeMap::from([("A".to_owned(), value.to_owned())]);
    let base = |id: Option<&str>| vec![("x".to_owned(), id.map(str::to_owned))];
    let (one, two) = (args("1"), args("2"));
    let (old, new, none) = (base(Some("1")), base(Some("2")), base(None));
    let usual = || StampInputs {
        engine: Engine::Podman,
        platform: None,
        dockerfile: b"FROM x",
        ignore_file: b"",
        target: None,
        args: &one,
        bases: &old,
    };
    let root = tree(&[("a", "1"), ("d/b", "2")]);
    symlink("a", root.path().join("link")).unwrap();
    let stamp = |inputs: StampInputs<'_>| {
        let mut context = list(root.path());
        context.hash_files(Deadline::after(Duration::from_secs(60))).unwrap();
        stamp::compute(&inputs, &context).unwrap()
    };
    let first = stamp(usual());
    assert_eq!(stamp(usual()), first);
    let mut all = BTreeSet::from([first.clone()]);
    let mut is_new = |what: &str, stamp: String| assert!(all.insert(stamp), "{what} is no input");
    is_new("the engine", stamp(StampInputs { engine: Engine::Docker, ..usual() }));
    is_new("the platform", stamp(StampInputs { platform: Some("linux/arm64"), ..usual() }));
    is_new("the Dockerfile", stamp(StampInputs { dockerfile: b"FROM y", ..usual() }));
    is_new("the ignore file", stamp(StampInputs { ignore_file: b"z", ..usual() }));
    is_new("the target", stamp(StampInputs { target: Some("t"), ..usual() }));
    is_new("an argument", stamp(StampInputs { args: &two, ..usual() }));
    is_new("the id of an image", stamp(StampInputs { bases: &new, ..usual() }));
    is_new("a missing image", stamp(StampInputs { bases: &none, ..usual() }));

    let path = |name: &str| root.path().join(name);
    fs::write(path("a"), "3").unwrap();
    is_new("the content of a file", stamp(usual()));
    fs::set_permissions(path("a"), fs::Permissions::from_mode(0o700)).unwrap();
    is_new("the mode of a file", stamp(usual()));
    fs::set_permissions(path("d"), fs::Permissions::from_mode(0o700)).unwrap();
    is_new("the mode of a directory", stamp(usual()));
    fs::rename(path("d/b"), path("d/c")).unwrap();
    is_new("a name", stamp(usual()));
    fs::remove_file(path("link")).unwrap();
    symlink("d", path("link")).unwrap();
    is_new("the target of a link", stamp(usual()));
    fs::remove_file(path("link")).unwrap();
    fs::create_dir(path("link")).unwrap();
    is_new("the type of an entry", stamp(usual()));
    fs::create_dir(path("empty")).unwrap();
    is_new("an empty directory", stamp(usual()));
}

#[test]
fn what_was_allowed_is_remembered_by_its_hash() {
    let dir = tempfile::tempdir().unwrap();
    let store = ImageStore::at(dir.path());
    assert!(!store.is_allowed("00"));
    store.allow("00").unwrap();
    store.allow("00").unwrap();
    assert!(store.is_allowed("00") && !store.is_allowed("01"));
    // It is not listed as an image.
    assert!(store.names().unwrap().is_empty());
}
