//! `listed`: exactly what was named.

use super::listed;

#[test]
fn exactly_the_named_directories_are_found() {
    assert_eq!(
        listed(
            &["py/pyvenv.cfg", "packages/api/.venv/pyvenv.cfg", "c/conda-meta/",],
            &["py", "packages/api/.venv", "c"],
        ),
        [
            "c: conda (listed, conda-meta)",
            "packages/api/.venv: venv (listed, pyvenv.cfg)",
            "py: venv (listed, pyvenv.cfg)",
        ]
    );
}

#[test]
fn a_directory_without_a_marker_is_hidden_all_the_same() {
    assert_eq!(
        listed(&["build/x"], &["build"]),
        ["build: unmarked (listed)", "info: build: holds no environment, but is hidden as listed",]
    );
}

#[test]
fn a_directory_that_is_not_there_yet_is_reserved() {
    for path in [".venv", "packages/api/.venv", "not/there/either"] {
        assert_eq!(
            listed(&["packages/api/x"], &[path]),
            [
                format!("{path}: reserved (listed)"),
                format!("info: {path}: does not exist yet; its place is reserved"),
            ]
        );
    }
}

#[test]
fn what_is_no_directory_is_refused() {
    let tree = ["file", "pipe|", "to-file -> file"];
    for (path, fault) in [
        ("file", "is a file, not a directory"),
        ("to-file", "is a file, not a directory"),
        ("pipe", "is not a directory"),
        ("file/.venv", "lies below `file`, which is not a directory"),
    ] {
        let expected = format!("invalid: listed directory `{path}` {fault}");
        assert_eq!(listed(&tree, &["ok", path]), [expected]);
    }
}

#[test]
fn a_path_that_breaks_the_rules_is_refused_by_name() {
    for (path, fault) in [
        ("", "is empty"),
        ("/opt/venv", "is absolute; it must be relative to the project"),
        ("venv/", "has an empty component"),
        ("a//venv", "has an empty component"),
        ("./venv", "has a component `.` or `..`"),
        (".", "has a component `.` or `..`"),
        ("../venv", "has a component `.` or `..`"),
        ("a/../venv", "has a component `.` or `..`"),
        ("a\nb", "holds a control character"),
        ("a\0", "holds a control character"),
    ] {
        let shown = path.replace('\n', "\\u{a}").replace('\0', "\\u{0}");
        let expected = format!("invalid: listed directory `{shown}` {fault}");
        assert_eq!(listed(&["venv/pyvenv.cfg"], &["venv", path]), [expected]);
    }
}

#[test]
fn named_twice_is_found_once() {
    let paths = ["venv/pyvenv.cfg"];
    assert_eq!(listed(&paths, &["venv", "venv"]), ["venv: venv (listed, pyvenv.cfg)"]);
}

#[test]
fn one_within_another_is_refused() {
    for names in [["a", "a/b"], ["a/b/c", "a"]] {
        let inner = names.iter().max_by_key(|name| name.len()).unwrap();
        assert_eq!(
            listed(&[], &names),
            [format!("invalid: listed directory `{inner}` lies within `a`, which is listed too")]
        );
    }
    assert_eq!(listed(&["a/", "a-b/"], &["a", "a-b"]).len(), 4, "a longer name is not within");
}

#[test]
fn links_are_followed_inside_wherever_they_are_in_the_path() {
    let tree = ["api -> packages/api", "packages/api/.venv/pyvenv.cfg", "v -> packages/api/x"];
    assert_eq!(
        listed(&tree, &["api/.venv"]),
        ["api/.venv -> packages/api/.venv: venv (listed, pyvenv.cfg)"]
    );
    assert_eq!(
        listed(&tree, &["api"])[0],
        "api -> packages/api: unmarked (listed)",
        "a link to a directory without a marker"
    );
    assert_eq!(
        listed(&tree, &["api/venv/x"])[0],
        "api/venv/x -> packages/api/venv/x: reserved (listed)"
    );
    assert_eq!(
        listed(&["out -> ../other"], &["out/.venv"]),
        ["out/.venv => outside: unseen (listed)"]
    );
}

#[test]
fn an_unreadable_directory_is_refused() {
    for (tree, path) in [("venv!", "venv"), ("a!", "a/venv")] {
        assert_eq!(listed(&[tree], &[path]), [format!("unreadable: {path:?}: permission denied")]);
    }
}
