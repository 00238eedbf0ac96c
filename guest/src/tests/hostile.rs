//! Hostile trees: the result stays small, quick and representable.

use super::{auto, query, result, to_depth};
use crate::tree::memory::MemoryTree;
use crate::types::Selection;

#[test]
fn a_hundred_thousand_entries_are_passed_over() {
    let mut tree = MemoryTree::new(&[".venv/pyvenv.cfg"]);
    for n in 0..100_000 {
        tree.add(&format!("data/{n}.json"));
    }
    assert_eq!(result(&tree, &query(Selection::Auto)), [".venv: venv (pyvenv.cfg)"]);
    assert!(tree.calls.get() < 10, "{} calls", tree.calls.get());
}

#[test]
fn a_hundred_thousand_faults_are_counted_and_not_listed() {
    let mut tree = MemoryTree::new(&[]);
    for n in 0..100_000 {
        tree.add(&format!("p{n:05}/.venv -> gone"));
    }
    let notes = result(&tree, &query(Selection::Auto));
    assert_eq!(notes.len(), 101);
    assert_eq!(notes[0], "warning: p00000/.venv: is a dangling link");
    assert_eq!(notes[100], "warning: *: 99900 more notes are not shown");
}

#[test]
fn nesting_without_end_is_walked_without_recursion() {
    let mut path = String::new();
    for _ in 0..500 {
        path.push_str("d/");
    }
    let tree = MemoryTree::new(&[&format!("{path}.venv/pyvenv.cfg")]);
    assert_eq!(result(&tree, &query(Selection::Auto)), [format!("{path}.venv: venv (pyvenv.cfg)")]);
}

#[test]
fn a_path_longer_than_the_interface_allows_is_counted() {
    let deep = "d/".repeat(3000);
    assert_eq!(
        auto(&[&format!("{deep}.venv/pyvenv.cfg"), "venv/pyvenv.cfg"]),
        [
            "venv: venv (pyvenv.cfg)",
            "warning: *: 1 directory was not searched for environments: with a path longer than \
             3072 bytes",
        ]
    );
}

#[test]
fn names_that_are_not_representable_are_reported_once_for_each_directory() {
    let skipped = |dir: &str, what: &str| {
        format!(
            "warning: {dir}: {what}: not UTF-8, or with a control character; an environment there \
             is not hidden"
        )
    };
    assert_eq!(
        auto(&[
            "new\nline/.venv/pyvenv.cfg",
            "\u{1b}[2J/venv/pyvenv.cfg",
            "a/?",
            ".hidden/x\ty/pyvenv.cfg",
            "venv/pyvenv.cfg",
            "Icon\r", // a file matters to nobody
        ]),
        [
            "venv: venv (pyvenv.cfg)".to_string(),
            skipped("*", "2 names were skipped, such as `\\u{1b}[2J`"),
            skipped(".hidden", "a name was skipped, such as `x\\u{9}y`"),
            skipped("a", "a name was skipped"),
        ]
    );
    let tree = MemoryTree::new(&["a/?", "a/new\nline/x", "venv/pyvenv.cfg"]);
    let notes = result(&tree, &to_depth(0));
    assert!(!notes.iter().any(|note| note.contains("skipped")), "not walked anyway: {notes:?}");
}

#[test]
fn a_marker_of_any_size_and_shape_is_read_within_bounds() {
    let long = format!(".venv/pyvenv.cfg = version = 3.12.1\nhome = /{}", "x".repeat(1 << 20));
    let tree = MemoryTree::new(&[&long]);
    let found = crate::detect::detect(&tree, &query(Selection::Auto)).unwrap().environments;
    assert_eq!(found[0].python.as_deref(), Some("3.12.1"));
    assert_eq!(found[0].home, None, "half a value is a wrong one");
}

#[test]
fn a_link_that_fans_out_ends() {
    // Each link names the next twice: 2^n steps for who counts no links.
    let mut paths = vec![".venv -> l0".to_string()];
    paths.extend((0..60).map(|n| format!("l{n} -> l{0}/../l{0}", n + 1)));
    paths.push("l60/pyvenv.cfg".into());
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert!(auto(&paths).contains(&"warning: .venv: is a link that leads in a circle".to_string()));
}
