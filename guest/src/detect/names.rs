//! The names that mean something. `docs/detection.md` has the same tables.

/// What people call an environment, the most usual first. A name only decides which
/// environment is primary, and that a link which leads out of the project is one.
pub(super) const USUAL: [&str; 5] = [VENV, "venv", ".virtualenv", "env", ".env"];

/// A directory of this name is an environment whatever it holds: nothing else is called so.
pub(super) const VENV: &str = ".venv";

/// Files beside which a tool always makes [`VENV`], each with the command that does it.
pub(super) const LOCKS: [(&str, &str); 2] = [("uv.lock", "uv sync"), ("pdm.lock", PDM)];

/// The command of pdm, which can keep packages in `__pypackages__` instead.
pub(super) const PDM: &str = "pdm install";

/// Files that make a directory the root of a Python project.
const PROJECT: [&str; 7] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "uv.lock",
    "environment.yml",
];

/// What the name of a directory alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The directory in which this tool keeps environments: hidden whole, since tools take
    /// "the directory exists" for "the environment exists", and make new ones beside old ones.
    ToolDir(&'static str),
    /// Never walked: there is no project in it, and it can be huge.
    Skipped,
    /// Anything else.
    Walked,
}

/// The role of the directory `name` in the directory `parent`.
pub(super) fn role(parent: &str, name: &str) -> Role {
    match name {
        ".tox" => Role::ToolDir("tox"),
        ".nox" => Role::ToolDir("nox"),
        ".hatch" => Role::ToolDir("hatch"),
        "__pypackages__" => Role::ToolDir("pep582"),
        "envs" if crate::path::name(parent) == ".pixi" => Role::ToolDir("pixi"),
        ".git" | ".hg" | ".svn" | "node_modules" | "__pycache__" => Role::Skipped,
        _ => Role::Walked,
    }
}

/// Whether a link of this name is taken for an environment that it leads to.
pub(super) fn is_usual(name: &str) -> bool {
    USUAL.contains(&name)
}

/// Whether a file of this name makes a directory a Python project.
pub(super) fn is_project_file(name: &str) -> bool {
    PROJECT.contains(&name)
}
