//! `auto`: names, markers, nested projects.

use super::{DEPTH, answer, auto, finding_line, memory::MemoryTree};
use crate::detect::detect;
use crate::types::Selection;

#[test]
fn each_usual_name_is_found_by_its_marker() {
    for name in [".venv", "venv", ".virtualenv", "env", ".env"] {
        let venv = format!("{name}/pyvenv.cfg");
        assert_eq!(auto(&[&venv]), [format!("{name}: venv (pyvenv.cfg)")]);
        let conda = format!("{name}/conda-meta/history");
        assert_eq!(auto(&[&conda]), [format!("{name}: conda (conda-meta)")]);
    }
}

#[test]
fn a_usual_name_alone_proves_nothing() {
    for innocent in [
        ".env",           // a file of settings
        ".env = TOKEN=x", // the same
        ".venv = 3.12",   // pyenv-virtualenv writes a name here
        "venv/",          // an empty directory
        "env/setup.py",   // a package that is called env
        ".venv/pyvenv.cfg/",
        ".venv/pyvenv.cfg|",
        ".venv/conda-meta",
        ".venv|",
    ] {
        assert_eq!(auto(&[innocent]), [""; 0], "{innocent}");
    }
}

#[test]
fn the_marker_tells_version_and_home() {
    let tree = MemoryTree::new(&[".venv/pyvenv.cfg = home = /usr/bin\nversion = 3.11.2\n"]);
    let found = detect(&tree, &Selection::Auto, DEPTH).unwrap().environments;
    assert_eq!(found[0].python.as_deref(), Some("3.11.2"));
    assert_eq!(found[0].home.as_deref(), Some("/usr/bin"));
}

#[test]
fn an_environment_with_both_markers_is_a_venv() {
    let paths = ["venv/pyvenv.cfg", "venv/conda-meta/"];
    assert_eq!(auto(&paths), ["venv: venv (pyvenv.cfg)"]);
}

#[test]
fn what_tox_nox_and_pixi_made_is_found() {
    let paths = [
        ".tox/py311/pyvenv.cfg",
        ".tox/.pkg/pyvenv.cfg",
        ".tox/log/1.log",
        ".tox/.tox-info.json",
        ".nox/tests-3-12/pyvenv.cfg",
        ".pixi/envs/default/conda-meta/",
        ".pixi/config.toml",
        ".pixi/other/conda-meta/",
    ];
    assert_eq!(
        auto(&paths),
        [
            ".nox/tests-3-12: venv (pyvenv.cfg, nox environment)",
            ".pixi/envs/default: conda (conda-meta, pixi environment)",
            ".tox/.pkg: venv (pyvenv.cfg, tox environment)",
            ".tox/py311: venv (pyvenv.cfg, tox environment)",
        ]
    );
    assert_eq!(auto(&[".pixi/", ".tox/", ".nox"]), [""; 0]);
}

#[test]
fn nested_projects_are_found_down_to_the_depth_and_no_further() {
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
        "a/b/.tox/py: venv (pyvenv.cfg, tox environment)",
        "a/b/c/d/.venv: venv (pyvenv.cfg)",
        "a/b/c/venv: venv (pyvenv.cfg)",
    ];
    assert_eq!(answer(&tree, &Selection::Auto, 0), all[..1]);
    assert_eq!(answer(&tree, &Selection::Auto, 1), all[..2]);
    assert_eq!(answer(&tree, &Selection::Auto, 3), [all[0], all[1], all[2], all[4]]);
    assert_eq!(answer(&tree, &Selection::Auto, u32::MAX), all);
}

#[test]
fn a_package_with_a_usual_name_may_hold_a_project() {
    assert_eq!(auto(&["env/api/.venv/pyvenv.cfg"]), ["env/api/.venv: venv (pyvenv.cfg)"]);
}

#[test]
fn some_directories_are_never_walked_into() {
    for dir in [".git", "node_modules", "__pycache__", ".cache", ".venv", ".venv/lib"] {
        let inner = format!("{dir}/x/.venv/pyvenv.cfg");
        assert_eq!(auto(&[".venv/pyvenv.cfg", &inner]), [".venv: venv (pyvenv.cfg)"], "{dir}");
    }
}

#[test]
fn an_environment_under_another_name_is_told_and_not_walked_into() {
    let told = |path: &str, marker: &str| {
        format!(
            "warning: {path}: an environment ({marker}) under a name of its own is not hidden; \
             list it to hide it"
        )
    };
    for path in ["py", "a/b/c", ".venv-3.12", ".conda"] {
        let nested = format!("{path}/lib/.venv/pyvenv.cfg");
        let venv = format!("{path}/pyvenv.cfg");
        assert_eq!(auto(&[&venv, &nested]), [told(path, "pyvenv.cfg")]);
        let conda = format!("{path}/conda-meta/");
        assert_eq!(auto(&[&conda, &nested]), [told(path, "conda-meta")]);
    }
}

#[test]
fn a_project_that_is_itself_an_environment_is_told() {
    assert_eq!(
        auto(&["pyvenv.cfg", ".venv/pyvenv.cfg", "lib/python3/.venv/pyvenv.cfg"]),
        [
            ".venv: venv (pyvenv.cfg)",
            "warning: *: the project directory is itself an environment; it cannot be hidden",
        ]
    );
}

#[test]
fn an_unreadable_place_is_told_and_the_rest_is_found() {
    let warning = |path: &str| {
        format!(
            "warning: {path}: cannot be read (permission denied); an environment there is not \
             hidden"
        )
    };
    for path in ["data", ".venv", ".tox", ".pixi", ".tox/py", ".cache"] {
        let locked = format!("{path}!");
        let place = if path == ".pixi" { ".pixi/envs" } else { path };
        let expected = ["venv: venv (pyvenv.cfg)".to_string(), warning(place)];
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
    let found = detect(&tree, &Selection::Auto, DEPTH).unwrap().environments;
    let paths: Vec<_> = found.iter().map(finding_line).collect();
    let paths: Vec<_> = paths.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(paths, ["a-b/venv", "a/venv", "b/venv"]);
    let notes = auto(&["z/pyvenv.cfg", "m!", "c/pyvenv.cfg", ".venv -> nowhere"]);
    let paths: Vec<_> = notes.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(paths, [".venv", "c", "m", "z"]);
}

#[test]
fn a_directory_is_read_once_and_nothing_else_is_asked_of_it() {
    let tree = MemoryTree::new(&["README", "src/a.py", "src/b.py", "docs/index.md", "tests/x/y"]);
    assert_eq!(answer(&tree, &Selection::Auto, DEPTH), [""; 0]);
    assert_eq!(tree.calls.get(), ["", "src", "docs", "tests", "tests/x"].len());
}
