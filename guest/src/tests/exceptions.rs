//! `also` and `except`: what the user adds to, and takes from, what is found.

use super::{query, result};
use crate::tree::memory::MemoryTree;
use crate::types::{Query, Selection};

fn with(paths: &[&str], also: &[&str], except: &[&str]) -> Vec<String> {
    let [also, except] = [also, except].map(|it| it.iter().map(ToString::to_string).collect());
    result(&MemoryTree::new(paths), &Query { also, except, ..query(Selection::Auto) })
}

#[test]
fn what_is_added_is_hidden_besides() {
    assert_eq!(
        with(&[".venv/pyvenv.cfg", "build/x"], &["build", "tools/env"], &[]),
        [
            ".venv: venv (pyvenv.cfg)",
            "build: unmarked (listed)",
            "tools/env: reserved (listed)",
            "info: build: holds no environment, but is hidden as listed",
            "info: tools/env: does not exist yet; its place is reserved",
        ]
    );
    let twice = with(&[".venv/pyvenv.cfg"], &[".venv"], &[]);
    assert_eq!(twice, [".venv: venv (pyvenv.cfg)"], "found anyway");
}

#[test]
fn what_is_excepted_stays_open_and_is_reported() {
    const OPEN: &str = "stays open, as asked: the container sees the host's environment";
    let paths = [".venv/pyvenv.cfg", ".venv-docker/pyvenv.cfg", "old/a/pyvenv.cfg", "old/b/.tox/"];
    assert_eq!(
        with(&paths, &[], &[".venv-docker", "old"]),
        [
            ".venv: venv (pyvenv.cfg)".to_owned(),
            format!("warning: .venv-docker: {OPEN}"),
            format!("warning: old: {OPEN}"),
        ]
    );
    let linked = with(&[".venv -> e", "e/pyvenv.cfg"], &[], &["e"]);
    assert!(linked.contains(&format!("warning: e: {OPEN}")), "{linked:?}");
    assert!(!linked.iter().any(|line| line.contains("venv (")), "{linked:?}");
    let by_link = with(&[".venv -> e", "e/pyvenv.cfg"], &[], &[".venv"]);
    assert_eq!(by_link, [format!("warning: .venv: {OPEN}")], "under either name");
}

#[test]
fn an_exception_that_does_nothing_says_so() {
    assert_eq!(
        with(&[".tox/py/pyvenv.cfg"], &[], &[".tox/py", "gone"]),
        [
            ".tox: tox (by its name)",
            "warning: .tox/py: is hidden all the same: it lies within `.tox`",
            "info: gone: is excepted, but no environment was found there",
        ]
    );
}

#[test]
fn a_path_that_breaks_the_rules_is_refused() {
    assert_eq!(with(&[], &["/x"], &[]).len(), 1);
    assert_eq!(
        with(&[], &[], &["../x"]),
        ["invalid: directory `../x` has a component `.` or `..`"]
    );
}
