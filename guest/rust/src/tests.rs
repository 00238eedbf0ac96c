//! The rule, as trees and what the policy returns for them.

use crate::detect;
use paude_guest_shared::testing::{lines, query};
use paude_guest_shared::tree::memory::MemoryTree;
use paude_guest_shared::types::Selection;

const PACKAGE: &str = "Cargo.toml = [package]\nname = 'a'\n";

fn auto(paths: &[&str]) -> Vec<String> {
    lines(&detect(&MemoryTree::new(paths), &query(Selection::Auto)))
}

#[test]
fn target_is_hidden_beside_a_manifest_and_nowhere_else() {
    assert_eq!(auto(&[PACKAGE, "target/debug/a"]), ["target: cargo (Cargo.toml)"]);
    assert_eq!(auto(&["target/classes/A.class", "pom.xml"]), [""; 0]);
}

#[test]
fn it_is_reserved_for_a_package_without_a_workspace() {
    assert_eq!(auto(&[PACKAGE]), ["target: reserved (Cargo.toml)"]);
    let found = auto(&[&format!("a/{PACKAGE}"), &format!("b/c/{PACKAGE}")]);
    assert_eq!(found, ["a/target: reserved (Cargo.toml)", "b/c/target: reserved (Cargo.toml)"]);
    assert_eq!(auto(&["Cargo.toml = no [toml"]), ["target: reserved (Cargo.toml)"]);
}

#[test]
fn members_of_a_workspace_build_in_its_target() {
    for workspace in ["[workspace]", "[workspace.package]", "workspace.members = ['a']"] {
        let root = format!("Cargo.toml = {workspace}");
        let found = auto(&[&root, &format!("a/{PACKAGE}"), &format!("b/{PACKAGE}")]);
        assert_eq!(found, ["target: reserved (Cargo.toml)"], "{workspace}");
    }
    let root = "Cargo.toml = [workspace]\nexclude = ['b', 'c/']";
    let found = auto(&[root, &format!("a/{PACKAGE}"), &format!("b/x/{PACKAGE}")]);
    assert_eq!(found, ["b/x/target: reserved (Cargo.toml)", "target: reserved (Cargo.toml)"]);
    // Built on its own, before it was a member.
    let found = auto(&["Cargo.toml = [workspace]", &format!("a/{PACKAGE}"), "a/target/x"]);
    assert_eq!(found, ["a/target: cargo (Cargo.toml)", "target: reserved (Cargo.toml)"]);
}

#[test]
fn a_configured_target_directory_counts_for_what_is_below() {
    let config = |dir: &str, target: &str| {
        format!("{dir}.cargo/config.toml = [build]\ntarget-dir = '{target}'")
    };
    let found = auto(&[PACKAGE, &config("", "build/cargo/"), "build/cargo/debug/"]);
    assert_eq!(found, ["build/cargo: cargo (build.target-dir)"]);
    let found = auto(&[&format!("a/b/{PACKAGE}"), &config("a/", "../out"), &config("", "x")]);
    assert_eq!(found, ["out: reserved (build.target-dir)"]);
    for outside in ["/var/cache/target", "../target", "a/../.."] {
        assert_eq!(auto(&[PACKAGE, &config("", outside)]), [""; 0], "{outside}");
    }
    // Also what was built before it was set.
    let found = auto(&[PACKAGE, "target/x", &config("", "out")]);
    assert_eq!(found, ["out: reserved (build.target-dir)", "target: cargo (Cargo.toml)"]);
    let found = auto(&[PACKAGE, ".cargo/config = [build]\njobs = 2", &config("", "out")]);
    assert_eq!(found, ["target: reserved (Cargo.toml)"], "cargo prefers `config`");
}

#[test]
fn a_link_in_the_way_is_reported() {
    let config = ".cargo/config.toml = [build]\ntarget-dir = 'out/x'";
    let found = auto(&[PACKAGE, config, "out -> /tmp"]);
    assert_eq!(found, ["warning: out: is a link, and is not hidden: list where it leads"]);
}

#[test]
fn vendored_packages_of_node_are_not_walked() {
    assert_eq!(auto(&[&format!("node_modules/a/{PACKAGE}")]), [""; 0]);
}

/// What is read of a document: the paths of tables, and of strings with their values.
fn read(document: &str) -> Vec<String> {
    let mut seen = Vec::new();
    crate::toml_strings::read(document, &mut |path, value| {
        let path = path.join(".");
        seen.push(value.map_or_else(|| format!("[{path}]"), |value| format!("{path} = {value}")));
    });
    seen
}

#[test]
fn tables_and_strings_of_toml_are_read_in_every_spelling() {
    let document = r#"
a.b = "1" # [no.table]
"a" . 'c d' = '2' # "3"
numbers = [1, 2.5]

[t]
array = [
    "4", # in
    """
[no.table]""",
]
inline = { x = "5", y.z = { w = ["6"] } }
after = "\u0037"
[[t.list]] # "no"
k = "8"
"#;
    let expected = [
        "a.b = 1",
        "a.c d = 2",
        "[t]",
        "t.array = 4",
        "t.array = [no.table]",
        "[t.inline]",
        "t.inline.x = 5",
        "[t.inline.y.z]",
        "t.inline.y.z.w = 6",
        "t.after = 7",
        "[t.list]",
        "t.list.k = 8",
    ];
    assert_eq!(read(document), expected);
    for broken in ["[", "]]]", "= = 1", "a = {{{{", "a = [\n[b]\n", "'", "\"\"\"", "a = 'x' 'y'"] {
        read(broken);
    }
}
