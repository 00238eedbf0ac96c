//! Trees that were made to do harm: the answer stays small, quick and sayable.

use super::{DEPTH, answer, auto, memory::MemoryTree};
use crate::types::Selection;

#[test]
fn a_hundred_thousand_entries_are_passed_over() {
    let mut tree = MemoryTree::new(&[".venv/pyvenv.cfg"]);
    for n in 0..100_000 {
        tree.add(&format!("data/{n}.json"));
    }
    assert_eq!(answer(&tree, &Selection::Auto, DEPTH), [".venv: venv (pyvenv.cfg)"]);
    assert!(tree.calls.get() < 10, "{} calls", tree.calls.get());
}

#[test]
fn a_hundred_thousand_faults_are_counted_and_not_told() {
    let mut tree = MemoryTree::new(&[]);
    for n in 0..100_000 {
        tree.add(&format!("p{n:05}/.venv -> gone"));
    }
    let notes = answer(&tree, &Selection::Auto, DEPTH);
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
    assert_eq!(answer(&tree, &Selection::Auto, DEPTH), [""; 0]);
    assert_eq!(
        answer(&tree, &Selection::Auto, u32::MAX),
        [format!("{path}.venv: venv (pyvenv.cfg)")]
    );
}

#[test]
fn names_that_cannot_be_said_are_skipped_and_told_once_for_each_directory() {
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
            ".tox/x\ty/pyvenv.cfg",
            "venv/pyvenv.cfg",
            "Icon\r", // a file matters to nobody
        ]),
        [
            "venv: venv (pyvenv.cfg)".to_string(),
            skipped("*", "2 names were skipped, such as `\\u{1b}[2J`"),
            skipped(".tox", "a name was skipped, such as `x\\u{9}y`"),
            skipped("a", "a name was skipped"),
        ]
    );
    let tree = MemoryTree::new(&["?", "new\nline/x", "venv/pyvenv.cfg"]);
    assert_eq!(
        answer(&tree, &Selection::Auto, 0),
        ["venv: venv (pyvenv.cfg)"],
        "what would not be walked into is not told"
    );
}

#[test]
fn a_marker_of_any_size_and_shape_is_read_within_bounds() {
    let long = format!(".venv/pyvenv.cfg = version = 3.12.1\nhome = /{}", "x".repeat(1 << 20));
    let tree = MemoryTree::new(&[&long]);
    let found = crate::detect::detect(&tree, &Selection::Auto, DEPTH).unwrap().environments;
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
