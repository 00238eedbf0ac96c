//! Environments that are links, and links that are traps.

use super::{auto, listed, note_of_link};

#[test]
fn a_link_to_the_inside_is_found_with_where_it_leads() {
    for (link, target) in [
        (".venv -> envs/py", "envs/py"),
        (".venv -> ./envs//py/.", "envs/py"),
        (".venv -> envs/other/../py", "envs/py"),
        (".venv -> envs/current", "envs/py"),
    ] {
        let paths = [link, "envs/py/pyvenv.cfg", "envs/other/", "envs/current -> py"];
        assert_eq!(auto(&paths), ["envs/py: venv (pyvenv.cfg)"], "{link}: found by itself");
        let unwalked = paths.map(|path| path.replace("envs", "node_modules"));
        let found =
            format!(".venv -> {}: venv (pyvenv.cfg)", target.replace("envs", "node_modules"));
        let unwalked: Vec<_> = unwalked.iter().map(String::as_str).collect();
        assert_eq!(auto(&unwalked), [found, note_of_link(".venv")], "{link}");
    }
    assert_eq!(
        auto(&["a/x -> ../.git/shared", ".git/shared/conda-meta/"]),
        ["a/x -> .git/shared: conda (conda-meta)".to_owned(), note_of_link("a/x")],
        "whatever its name"
    );
    assert_eq!(
        auto(&[".tox -> .store", ".store/py/pyvenv.cfg"]),
        [
            ".store/py: venv (pyvenv.cfg)",
            ".tox -> .store: tox (by its name)",
            &note_of_link(".tox")
        ]
    );
    assert_eq!(
        auto(&[".venv -> made", "made/half"]),
        [".venv -> made: unmarked (.venv)", &note_of_link(".venv")]
    );
}

#[test]
fn a_link_to_the_inside_without_a_marker_is_no_environment() {
    assert_eq!(auto(&[".env -> settings", "settings"]), [""; 0]);
    assert_eq!(auto(&["env -> src", "src/env.py"]), [""; 0]);
}

#[test]
fn a_link_to_the_outside_is_left_to_the_host() {
    for link in ["/opt/venvs/x", "../venv", "a/../../venv", "a/out"] {
        let paths = [&format!(".venv -> {link}"), "a/out -> ../../venv"];
        assert_eq!(auto(&paths), [".venv => outside: unseen (link out of the project)"]);
        assert_eq!(listed(&paths, &[".venv"]), [".venv => outside: unseen (listed)"]);
    }
}

#[test]
fn a_broken_link_is_reported_and_not_found() {
    let dangling = "is a dangling link";
    let circle = "is a link that leads in a circle";
    let unrepresentable = "leads to a path with a control character";
    for (link, how) in [
        ("gone", dangling),
        ("gone/..", dangling),
        ("file/x", dangling),
        ("file/..", dangling),
        (".venv", circle),
        ("a/loop", circle),
        (".venv/x", circle),
        ("a/\n", unrepresentable),
    ] {
        let paths = [&format!(".venv -> {link}"), "file", "a/loop -> ../.venv", "a/\n/pyvenv.cfg"];
        let warning = |more: &str| format!("warning: .venv: {how}{more}");
        assert!(auto(&paths).contains(&warning("")), "{link}: {:?}", auto(&paths));
        assert_eq!(listed(&paths, &[".venv"]), [warning("; nothing is hidden there")]);
    }
}

#[test]
fn a_link_to_the_project_itself_hides_nothing() {
    let warning = "warning: venv: leads to the project directory itself, which cannot be hidden";
    assert!(auto(&["venv -> .", "pyvenv.cfg"]).contains(&warning.to_string()));
    assert_eq!(auto(&["venv -> .", "x"]), [""; 0]);
    assert_eq!(
        listed(&["venv -> a/..", "a/"], &["venv"]),
        ["invalid: listed directory `venv` leads to the project directory itself"]
    );
}

#[test]
fn links_are_not_followed_while_walking() {
    assert_eq!(auto(&["vendor -> .git", ".git/x/.venv/pyvenv.cfg"]), [""; 0]);
    assert_eq!(auto(&["a/b/up -> ../..", "a/.venv/pyvenv.cfg"]), ["a/.venv: venv (pyvenv.cfg)"]);
}

#[test]
fn one_directory_is_found_once_however_many_ways_lead_to_it() {
    assert_eq!(
        auto(&[".venv -> venv", "venv/pyvenv.cfg", "env -> .venv"]),
        ["venv: venv (pyvenv.cfg)"]
    );
    assert_eq!(auto(&["env -> x", "venv -> x", "x/pyvenv.cfg"]), ["x: venv (pyvenv.cfg)"],);
    assert_eq!(
        listed(&["b/.venv/pyvenv.cfg", "a -> b"], &["a/.venv", "b/.venv"]),
        ["b/.venv: venv (listed, pyvenv.cfg)"]
    );
}

#[test]
fn a_linked_marker_counts() {
    let found = ["e: venv (pyvenv.cfg)"];
    assert_eq!(auto(&["e/pyvenv.cfg -> ../cfg", "cfg"]), found);
    assert_eq!(auto(&["e/pyvenv.cfg -> /nix/store/x"]), found);
    assert_eq!(auto(&["e/pyvenv.cfg -> gone"]), [""; 0]);
    assert_eq!(auto(&["e/pyvenv.cfg -> ../dir", "dir/"]), [""; 0]);
}

#[test]
fn a_long_chain_ends_where_the_system_ends_it() {
    let chain = |links: usize| {
        let mut paths = vec![".venv -> l1".to_string()];
        paths.extend((1..links).map(|n| format!("l{n} -> l{}", n + 1)));
        paths.push(format!("l{links}/pyvenv.cfg"));
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        auto(&paths)
    };
    assert_eq!(chain(40), ["l40: venv (pyvenv.cfg)"]);
    assert!(chain(41).contains(&"warning: .venv: is a link that leads in a circle".to_string()));
}
