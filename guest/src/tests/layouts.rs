//! Layouts that left an environment open before the marker decided, as people reported them.

use super::{auto, listed};

#[test]
fn a_list_without_auto_hides_what_it_names_and_warns_about_the_rest() {
    let paths = [".docker-venv/pyvenv.cfg", ".venv/pyvenv.cfg", ".tox/", "src/x", ".git/"];
    let open = |path: &str| {
        format!(
            "warning: {path}: an environment of the host is not hidden: the list does not name \
             it, nor `auto`"
        )
    };
    assert_eq!(
        listed(&paths, &[".docker-venv"]),
        [".docker-venv: venv (listed, pyvenv.cfg)".to_owned(), open(".tox"), open(".venv"),]
    );
}

#[test]
fn worktrees_of_coding_agents_are_found() {
    assert_eq!(
        auto(&[
            ".venv/pyvenv.cfg",
            ".claude/worktrees/a/.venv/pyvenv.cfg",
            ".claude/worktrees/a/.git = gitdir: x",
            ".worktrees/b/.venv/pyvenv.cfg",
        ]),
        [
            ".claude/worktrees/a/.venv: venv (pyvenv.cfg)",
            ".venv: venv (pyvenv.cfg)",
            ".worktrees/b/.venv: venv (pyvenv.cfg)",
        ]
    );
}

#[test]
fn an_interrupted_removal_leaves_nothing_open() {
    assert_eq!(
        auto(&[".venv/lib/python3.12/site-packages/x.py", "pyproject.toml"]),
        [".venv: unmarked (.venv)"]
    );
}
