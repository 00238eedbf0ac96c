//! `auto`: markers, tool directories, and the bounds of the walk.

use super::{auto, finding_line, query, result, to_depth};
use crate::detect::detect;
use crate::tree::memory::MemoryTree;
use crate::types::{Query, Selection};

/// The path of the primary environment.
fn primary(paths: &[&str]) -> Option<String> {
    detect(&MemoryTree::new(paths), &query(Selection::Auto)).unwrap().primary
}

#[test]
fn a_marker_makes_an_environment_whatever_its_name_and_place() {
    for name in [
        ".venv",
        "venv",
        ".env",
        ".venv-linux",
        ".docker-venv",
        "venv3",
        "myenv",
        ".conda",
        "a/b/c/d/e/f/.venv",
        ".claude/worktrees/x/.venv",
        ".direnv/python-3.11",
        ".devenv/state/venv",
    ] {
        let venv = format!("{name}/pyvenv.cfg");
        assert_eq!(auto(&[&venv]), [format!("{name}: venv (pyvenv.cfg)")]);
        let conda = format!("{name}/conda-meta/history");
        assert_eq!(auto(&[&conda]), [format!("{name}: conda (conda-meta)")]);
    }
}

#[test]
fn an_old_virtualenv_is_known_by_its_pair_of_files() {
    let found = |path: &str| format!("{path}: venv (bin/activate)");
    assert_eq!(auto(&["py2/bin/activate", "py2/bin/python -> python2.7"]), [found("py2")]);
    assert_eq!(auto(&["e/bin/activate", "e/bin/python3", "e/lib/x/.venv/y"]), [found("e")]);
    assert_eq!(
        auto(&["win/Scripts/activate.bat", "win/Scripts/python.exe"]),
        ["win: venv (Scripts/activate)"]
    );
    for innocent in [
        ["bin/activate", "bin/python-lint"],
        ["bin/activate/", "bin/python"],
        ["bin/activate", "python"],
        ["tools/bin/deactivate", "tools/bin/python3"],
    ] {
        assert_eq!(auto(&innocent), [""; 0], "{innocent:?}");
    }
    let nested = ["bin/activate", "bin/x/.venv/pyvenv.cfg"];
    assert_eq!(auto(&nested), ["bin/x/.venv: venv (pyvenv.cfg)"], "and it is walked");
}

#[test]
fn a_name_alone_proves_nothing_but_for_one() {
    for innocent in [
        ".env",           // a file of settings
        ".env = TOKEN=x", // the same
        "venv/",          // an empty directory
        "env/setup.py",   // a package that is called env
        "x/pyvenv.cfg/",
        "x/pyvenv.cfg|",
        "x/conda-meta",
        ".venv|",
        ".tox",
    ] {
        assert_eq!(auto(&[innocent]), [""; 0], "{innocent}");
    }
    for half_made in [".venv/", ".venv/lib/python3/x", ".venv/pyvenv.cfg/", ".venv!"] {
        assert_eq!(auto(&[half_made]), [".venv: unmarked (.venv)"], "{half_made}");
    }
    assert_eq!(auto(&["a/b/.venv/"]), ["a/b/.venv: unmarked (.venv)"]);
}

#[test]
fn the_marker_specifies_version_and_home() {
    let tree = MemoryTree::new(&[".venv/pyvenv.cfg = home = /usr/bin\nversion = 3.11.2\n"]);
    let found = detect(&tree, &query(Selection::Auto)).unwrap().environments;
    assert_eq!(found[0].python.as_deref(), Some("3.11.2"));
    assert_eq!(found[0].home.as_deref(), Some("/usr/bin"));
}

#[test]
fn an_environment_with_both_markers_is_a_venv() {
    let paths = ["venv/pyvenv.cfg", "venv/conda-meta/"];
    assert_eq!(auto(&paths), ["venv: venv (pyvenv.cfg)"]);
}

#[test]
fn directories_of_tools_are_hidden_whole() {
    let paths = [
        ".tox/py311/pyvenv.cfg",
        ".tox/.pkg/pyvenv.cfg",
        "a/.nox/",
        ".hatch/test/pyvenv.cfg",
        ".pixi/envs/default/conda-meta/",
        ".pixi/config.toml",
        "b/__pypackages__/3.11/lib/x",
    ];
    assert_eq!(
        auto(&paths),
        [
            ".hatch: hatch (by its name)",
            ".pixi/envs: pixi (by its name)",
            ".tox: tox (by its name)",
            "a/.nox: nox (by its name)",
            "b/__pypackages__: pep582 (by its name)",
        ]
    );
    assert_eq!(auto(&["envs/", ".pixi/x/envs/"]), [""; 0]);
}

#[test]
fn depth_bounds_the_walk_and_what_it_cuts_off_is_counted() {
    let tree = MemoryTree::new(&[
        ".venv/pyvenv.cfg",
        "a/.venv/pyvenv.cfg",
        "a/b/.tox/py/pyvenv.cfg",
        "a/b/c/venv/pyvenv.cfg",
        "a/b/c/d/.venv/pyvenv.cfg",
    ]);
    let all = [
        ".venv: venv (pyvenv.cfg)",
        "a/.venv: venv (pyvenv.cfg)",
        "a/b/.tox: tox (by its name)",
        "a/b/c/d/.venv: venv (pyvenv.cfg)",
        "a/b/c/venv: venv (pyvenv.cfg)",
    ];
    let cut = |count: &str, depth: u32| {
        format!("info: *: {count} not searched for environments: more than {depth} deep (`depth`)")
    };
    let zero = [all[0].to_owned(), cut("2 directories were", 0)];
    assert_eq!(result(&tree, &to_depth(0)), zero);
    let one = [all[0].to_owned(), all[1].to_owned(), cut("2 directories were", 1)];
    assert_eq!(result(&tree, &to_depth(1)), one);
    assert_eq!(
        result(&tree, &to_depth(3)),
        [all[0], all[1], all[2], all[4], &cut("1 directory was", 3)]
    );
    assert_eq!(result(&tree, &to_depth(4)), all);
    assert_eq!(result(&tree, &query(Selection::Auto)), all);
}

#[test]
fn skipped_directories_are_not_walked_and_are_counted() {
    let tree = MemoryTree::new(&[
        "data/x/.venv/pyvenv.cfg",
        "a/data/.venv/pyvenv.cfg",
        "third_party/lib/.venv/pyvenv.cfg",
        "a/third_party/lib/.venv/pyvenv.cfg",
    ]);
    let skip = ["data", "third_party/lib", ".venv"].map(String::from).to_vec();
    assert_eq!(
        result(&tree, &Query { skip, ..query(Selection::Auto) }),
        [
            "a/third_party/lib/.venv: venv (pyvenv.cfg)",
            "info: *: 3 directories were not searched for environments (`skip`)",
        ]
    );
}

#[test]
fn some_directories_are_never_walked() {
    for dir in [".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".venv/lib"] {
        let inner = format!("{dir}/x/.venv/pyvenv.cfg");
        assert_eq!(auto(&[".venv/pyvenv.cfg", &inner]), [".venv: venv (pyvenv.cfg)"], "{dir}");
    }
}

#[test]
fn a_cache_is_not_walked_but_it_and_its_children_may_be_environments() {
    const TAG: &str = "CACHEDIR.TAG = Signature: 8a477f597d28d172789f06886806bc55\n# a comment";
    let tagged = format!("c/{TAG}");
    assert_eq!(auto(&[&tagged, "c/x/.venv/pyvenv.cfg"]), [""; 0]);
    let child = ["c/python-3.11: venv (pyvenv.cfg)"];
    assert_eq!(auto(&[&tagged, "c/python-3.11/pyvenv.cfg"]), child, "as direnv makes it");
    assert_eq!(auto(&[&tagged, "c/pyvenv.cfg"]), ["c: venv (pyvenv.cfg)"]);
    let found = ["c/x/.venv: venv (pyvenv.cfg)"];
    assert_eq!(auto(&["c/CACHEDIR.TAG = no", "c/x/.venv/pyvenv.cfg"]), found, "not a valid tag");
    assert_eq!(auto(&["c/CACHEDIR.TAG -> /x", "c/x/.venv/pyvenv.cfg"]), found, "nor is a link");
    assert_eq!(auto(&[TAG, ".venv/pyvenv.cfg"]), [".venv: venv (pyvenv.cfg)"], "never the root");
}

#[test]
fn environments_are_not_walked() {
    for path in ["py", "a/b/c", ".venv-3.12", ".conda"] {
        let nested = format!("{path}/lib/.venv/pyvenv.cfg");
        let venv = format!("{path}/pyvenv.cfg");
        assert_eq!(auto(&[&venv, &nested]), [format!("{path}: venv (pyvenv.cfg)")]);
    }
}

#[test]
fn a_project_that_is_itself_an_environment_is_reported() {
    assert_eq!(
        auto(&["pyvenv.cfg", ".venv/pyvenv.cfg", "lib/python3/.venv/pyvenv.cfg", "setup.py"]),
        [
            ".venv: venv (pyvenv.cfg)",
            "warning: *: the project directory is itself an environment; it cannot be hidden",
        ]
    );
}

#[test]
fn an_unreadable_place_is_reported_and_the_rest_is_found() {
    for path in ["data", ".pixi", ".cache", "a/b/c/d"] {
        let locked = format!("{path}!");
        let warning = format!(
            "warning: {path}: cannot be read (permission denied); an environment there is not \
             hidden"
        );
        let expected = ["venv: venv (pyvenv.cfg)".to_string(), warning];
        assert_eq!(auto(&["venv/pyvenv.cfg", &locked]), expected);
    }
}

#[test]
fn an_unreadable_project_is_refused() {
    assert_eq!(auto(&["!"]), ["unreadable: \"\": permission denied"]);
}

#[test]
fn findings_and_notes_are_sorted_by_path() {
    let tree = MemoryTree::new(&["b/venv/pyvenv.cfg", "a-b/venv/pyvenv.cfg", "a/venv/pyvenv.cfg"]);
    let found = detect(&tree, &query(Selection::Auto)).unwrap().environments;
    let paths: Vec<_> = found.iter().map(finding_line).collect();
    let paths: Vec<_> = paths.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(paths, ["a-b/venv", "a/venv", "b/venv"]);
    let notes = auto(&["z!", "m!", "c!", ".venv -> nowhere"]);
    let paths: Vec<_> = notes.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(paths, [".venv", "c", "m", "z"]);
}

#[test]
fn a_directory_is_listed_once_and_nothing_else_is_looked_up() {
    let tree = MemoryTree::new(&[
        "README",
        "src/bin/a.py",
        "src/b.py",
        "docs/index.md",
        "tests/x/y",
        ".hidden/z",
    ]);
    assert_eq!(result(&tree, &query(Selection::Auto)), [""; 0]);
    let dirs = ["", "src", "src/bin", "docs", "tests", "tests/x", ".hidden"];
    assert_eq!(tree.calls.get(), dirs.len());
}

#[test]
fn the_usual_names_decide_which_environment_is_primary() {
    let primary = |paths: &[&str]| primary(paths).unwrap_or_default();
    assert_eq!(primary(&["env/pyvenv.cfg", "venv/pyvenv.cfg", "a/pyvenv.cfg"]), "venv");
    assert_eq!(primary(&["venv/pyvenv.cfg", ".venv/"]), ".venv");
    assert_eq!(primary(&[".venv-linux/pyvenv.cfg", ".tox/", "a/.venv/"]), ".venv-linux", "only");
    assert_eq!(primary(&[".venv-a/pyvenv.cfg", ".venv-b/pyvenv.cfg"]), "", "neither is usual");
    assert_eq!(primary(&["a/.venv/", ".tox/"]), "", "none is in the root");
    assert_eq!(primary(&[".venv -> venv", "venv/pyvenv.cfg"]), "venv", "as it is hidden there");
}

#[test]
fn an_implementation_other_than_plain_cpython_is_reported() {
    for (text, name) in [
        ("implementation = PyPy", "PyPy"),
        ("home = /opt/graalpy-24/bin", "GraalPy"),
        ("executable = /usr/bin/python3.13t", "a free-threaded CPython"),
        ("home = /u/cpython-3.14.0+freethreaded-linux/bin", "a free-threaded CPython"),
    ] {
        let venv = format!(".venv/pyvenv.cfg = {text}\n");
        let note = format!(
            "info: .venv: was made with {name}; the default image has plain CPython: name another \
             with `--image`"
        );
        assert_eq!(auto(&[&venv]), [".venv: venv (pyvenv.cfg)", &note]);
        assert_eq!(auto(&[&format!("a/{venv}")]).len(), 1, "only of the primary one");
    }
    let plain = ".venv/pyvenv.cfg = implementation = CPython\nexecutable = /usr/bin/python3.13\n";
    assert_eq!(auto(&[plain]).len(), 1);
}
