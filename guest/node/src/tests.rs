//! The rule, as trees and what the policy returns for them.

use crate::detect;
use paude_guest_shared::testing::{lines, query};
use paude_guest_shared::tree::memory::MemoryTree;
use paude_guest_shared::types::{Query, Selection};

fn with(paths: &[&str], query: &Query) -> Vec<String> {
    lines(&detect(&MemoryTree::new(paths), query))
}

fn auto(paths: &[&str]) -> Vec<String> {
    with(paths, &query(Selection::Auto))
}

#[test]
fn node_modules_is_hidden_wherever_it_is_but_not_in_another_one() {
    let found = auto(&["node_modules/a/node_modules/b/x", "x/y/node_modules/c", "package.json"]);
    assert_eq!(
        found,
        [
            "node_modules: node-modules (node_modules)",
            "x/y/node_modules: node-modules (node_modules)"
        ]
    );
}

#[test]
fn its_place_is_reserved_beside_a_package_that_installs_something() {
    for package in [
        r#"package.json = {"dependencies": {"a": "1"}}"#,
        r#"package.json = {"devDependencies": {"a": "1"}}"#,
        r#"package.json = {"optionalDependencies": {"a": "1"}}"#,
        r#"package.json = {"peerDependencies": {"a": "1"}}"#,
        r#"package.json = {"workspaces": ["packages/*"]}"#,
        r#"package.json = {"bin": "a.js"}"#,
        r#"package.json = {"bin": {"a": "a.js"}}"#,
        "package.json = \u{feff}{\"dependencies\": {\"a\": \"1\"}}",
    ] {
        assert_eq!(auto(&[package]), ["node_modules: reserved (package.json)"], "{package}");
    }
    for package in [
        "package.json = {}",
        r#"package.json = {"type": "module", "dependencies": { }, "workspaces": []}"#,
        r#"package.json = {"keywords": ["dependencies", "workspaces"]}"#,
        "package.json/",
    ] {
        assert_eq!(auto(&[package]), [""; 0], "{package}");
    }
}

#[test]
fn a_lock_file_makes_a_project_of_any_package() {
    for lock in super::rule::LOCKS {
        let found = auto(&["a/package.json = {}", &format!("a/{lock}")]);
        assert_eq!(found, ["a/node_modules: reserved (package.json)"], "{lock}");
        assert_eq!(auto(&[lock]), [""; 0], "{lock} alone");
    }
}

#[test]
fn with_plug_n_play_the_unplugged_packages_are_hidden() {
    let member = r#"packages/a/package.json = {"dependencies": {"b": "1"}}"#;
    let found = auto(&["package.json = {}", "yarn.lock", ".pnp.cjs", member]);
    assert_eq!(found, [".yarn/unplugged: reserved (.pnp.cjs)"]);
    let found = auto(&[".pnp.cjs", ".yarn/unplugged/esbuild/x", ".yarn/cache/package.json"]);
    assert_eq!(found, [".yarn/unplugged: yarn (.pnp.cjs)"]);
}

#[test]
fn the_place_of_unplugged_packages_is_reserved_before_the_first_install() {
    let project = r#"package.json = {"workspaces": ["a"]}"#;
    let modules = "node_modules: reserved (package.json)";
    for settings in
        ["", "nodeLinker: pnp\n", "a: b\nnodeLinker:  \"pnp\" # why\n", " nodeLinker: x"]
    {
        let found = auto(&[project, &format!(".yarnrc.yml = {settings}")]);
        assert_eq!(found, [".yarn/unplugged: reserved (.yarnrc.yml)", modules], "{settings}");
    }
    for settings in ["nodeLinker: node-modules", "a: b\nnodeLinker: 'pnpm'\n", "nodeLinker: pnp-x"]
    {
        let found = auto(&[project, &format!(".yarnrc.yml = {settings}")]);
        assert_eq!(found, [modules], "{settings}");
    }
    assert_eq!(auto(&[project, ".yarnrc.yml/"]), [modules]);
    let found = auto(&[project, ".pnp.cjs", ".yarnrc.yml = nodeLinker: pnp"]);
    assert_eq!(found, [".yarn/unplugged: reserved (.pnp.cjs)"]);
}

#[test]
fn a_store_of_pnpm_is_hidden() {
    assert_eq!(auto(&[".pnpm-store/v10/x"]), [".pnpm-store: pnpm (.pnpm-store)"]);
}

#[test]
fn packages_in_environments_and_caches_are_no_projects() {
    let package = r#"x/package.json = {"dependencies": {"a": "1"}}"#;
    let tag = "c/CACHEDIR.TAG = Signature: 8a477f597d28d172789f06886806bc55";
    for (marker, dir) in [("c/pyvenv.cfg", "c/"), ("c/conda-meta/", "c/"), (tag, "c/")] {
        assert_eq!(auto(&[marker, &format!("{dir}{package}")]), [""; 0], "{marker}");
    }
    assert_eq!(auto(&[&format!("c/{package}")]).len(), 1);
}

#[test]
fn hidden_directories_are_walked() {
    let found = auto(&[".claude/worktrees/x/node_modules/a"]);
    assert_eq!(found, [".claude/worktrees/x/node_modules: node-modules (node_modules)"]);
}

#[test]
fn depth_skip_and_exceptions_hold() {
    let tree = ["node_modules/a", "a/node_modules/a", "a/b/node_modules/a"];
    let to_depth = |depth| with(&tree, &Query { depth: Some(depth), ..query(Selection::Auto) });
    assert_eq!([to_depth(0).len(), to_depth(1).len(), to_depth(2).len()], [1, 2, 3]);
    for (skip, left) in [("a", 1), ("a/b", 2), ("b", 2), ("node_modules", 3)] {
        let found = with(&tree, &Query { skip: vec![skip.into()], ..query(Selection::Auto) });
        assert_eq!(found.len(), left, "{skip}");
    }
    let found = with(&tree, &Query { except: vec!["a".into()], ..query(Selection::Auto) });
    assert_eq!(found, ["node_modules: node-modules (node_modules)"]);
}

#[test]
fn of_listed_directories_those_with_its_names_are_found() {
    let listed = ["a/node_modules", "node_modules", "x", ".yarn/unplugged"];
    let listed = Selection::Listed(listed.map(Into::into).to_vec());
    let found = with(&["a/node_modules/b", "x/y"], &query(listed));
    assert_eq!(
        found,
        [
            ".yarn/unplugged: reserved (listed)",
            "a/node_modules: node-modules (listed)",
            "node_modules: reserved (listed)"
        ]
    );
    let refused = with(&[], &query(Selection::Listed(vec!["../node_modules".into()])));
    assert_eq!(refused, ["invalid: directory `../node_modules` has a component `.` or `..`"]);
}

#[test]
fn what_is_not_a_directory_is_reported() {
    let found = auto(&["a/node_modules -> ../b", "c/node_modules", "c/package-lock.json"]);
    let link = "warning: a/node_modules: is a link, and is not hidden: list where it leads";
    assert_eq!(found, [link]);
    let found = auto(&["a/node_modules|", "a/package.json = {}", "a/yarn.lock"]);
    assert_eq!(found, ["warning: a/node_modules: is not a directory, and is not hidden"]);
}

#[test]
fn with_off_what_is_open_is_reported() {
    let found = with(&["node_modules/a"], &query(Selection::Off));
    assert_eq!(found, ["warning: node_modules: is not hidden: the container shares it"]);
}

#[test]
fn an_unreadable_directory_is_reported() {
    let found = auto(&["a!", "node_modules/b"]);
    assert_eq!(
        found,
        [
            "node_modules: node-modules (node_modules)",
            "warning: a: cannot be read (permission denied); nothing in it is hidden"
        ]
    );
}
