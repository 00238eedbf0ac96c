//! What a tool in the container would make on the host is reported where it would land.

use super::{auto, query, result};
use crate::tree::memory::MemoryTree;
use crate::types::{Query, Selection};

#[test]
fn a_python_project_without_any_environment_is_reported() {
    for file in ["pyproject.toml", "setup.py", "requirements.txt", "Pipfile"] {
        assert_eq!(
            auto(&[file]),
            ["warning: *: this Python project has no environment yet: an environment made in the \
              container would land on this machine; `--venv auto --venv .venv` reserves its place"]
        );
        assert_eq!(auto(&[file, "myenv/pyvenv.cfg"]), ["myenv: venv (pyvenv.cfg)"]);
    }
    assert_eq!(auto(&["a/pyproject.toml"]), [""; 0], "nobody makes an environment there");
}

#[test]
fn a_lock_file_without_its_environment_is_reported_by_the_command_that_makes_it() {
    let warning = |dir: &str, command: &str, option: &str| {
        format!(
            "warning: {dir}: `{command}` in the container would make `.venv` here on this machine; \
             `--venv auto --venv {option}` reserves its place"
        )
    };
    assert_eq!(
        auto(&["api/.venv/pyvenv.cfg", "api/uv.lock", "web/uv.lock", "a b/pdm.lock"]),
        [
            "api/.venv: venv (pyvenv.cfg)".to_owned(),
            warning("a b", "pdm install", "'a b/.venv'"),
            warning("web", "uv sync", "web/.venv"),
        ]
    );
    let beside = auto(&["web/uv.lock", "web/venv/pyvenv.cfg"]);
    assert_eq!(beside[1], warning("web", "uv sync", "web/.venv"), "uv wants `.venv`");
    assert_eq!(auto(&["pdm.lock", "__pypackages__/"]).len(), 1, "where pdm keeps packages");
    for both in [["uv.lock", "pdm.lock"], ["pdm.lock", "uv.lock"]] {
        assert!(auto(&both)[0].contains("`uv sync`"), "in whatever order they are listed");
    }
}

#[test]
fn what_is_elsewhere_does_not_count_but_changes_the_words() {
    let notes = auto(&["pyproject.toml", "a/.venv/"]);
    assert!(notes[1].starts_with("warning: *: an environment made in the container"), "{notes:?}");
    let notes = auto(&["pyproject.toml", ".tox/"]);
    assert!(notes[1].starts_with("warning: *: an environment made in the container"), "{notes:?}");
}

#[test]
fn what_is_reserved_or_open_or_a_link_is_not_reported() {
    let tree = MemoryTree::new(&["uv.lock", "web/uv.lock", "web/.venv/pyvenv.cfg"]);
    let also = vec![".venv".to_owned()];
    let except = vec!["web".to_owned()];
    let notes = result(&tree, &Query { also, except, ..query(Selection::Auto) });
    assert!(!notes.iter().any(|note| note.contains("would make")), "{notes:?}");
    assert_eq!(auto(&["uv.lock", ".venv -> /opt/venvs/x"]).len(), 1);
    assert_eq!(
        auto(&["uv.lock", ".venv = /opt/venvs/x"]),
        ["info: .venv: is a file: uv takes it for the path of an environment elsewhere, which is \
          not in the container"]
    );
}

#[test]
fn the_options_can_be_pasted() {
    let options = |paths: &[&str], also: &[&str], except: &[&str]| {
        let [also, except] = [also, except].map(|it| it.iter().map(ToString::to_string).collect());
        let query = Query { also, except, ..query(Selection::Auto) };
        let notes = result(&MemoryTree::new(paths), &query);
        let note = notes.into_iter().find(|note| note.contains("on this machine; ")).unwrap();
        note.split("on this machine; ").nth(1).unwrap().to_owned()
    };
    for (dir, option) in [
        ("web", "web/.venv"),
        ("-web", "./-web/.venv"),
        ("!web", "'./!web/.venv'"),
        ("it's", "'it'\\''s/.venv'"),
    ] {
        let lock = format!("{dir}/uv.lock");
        let wanted = format!("`--venv auto --venv {option}` reserves its place");
        assert_eq!(options(&[&lock], &[], &[]), wanted);
    }
    assert_eq!(
        options(&["a/uv.lock", "old/pyvenv.cfg"], &["tools/env"], &["old"]),
        "`--venv auto --venv tools/env --venv a/.venv --venv '!old'` reserves its place",
        "with what is listed already"
    );
    let deep = format!("{}uv.lock", "long/".repeat(300));
    assert_eq!(options(&[&deep], &[], &[]), "list it beside `auto` to reserve its place");
}

#[test]
fn what_no_tool_can_create_is_not_reported() {
    for venv in [".venv -> nowhere", ".venv|", ".venv -> /opt/x"] {
        let notes = auto(&["uv.lock", venv]);
        assert!(!notes.iter().any(|note| note.contains("would make")), "{notes:?}");
    }
}

#[test]
fn many_of_them_leave_room_for_what_is_open() {
    let mut tree = MemoryTree::new(&["zz/.venv/pyvenv.cfg"]);
    for n in 0..110 {
        tree.add(&format!("aa{n}/uv.lock"));
    }
    let except = vec!["zz/.venv".to_owned()];
    let notes = result(&tree, &Query { except, ..query(Selection::Auto) });
    assert!(notes[0].starts_with("warning: zz/.venv: stays open"), "{}", notes[0]);
}
