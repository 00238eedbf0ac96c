//! The Python that a project means, which decides the image where no setting names one.
//!
//! The first of these that names a version: `.python-version`, the primary environment,
//! `requires-python` of `pyproject.toml`. The environments of tox and nox do not count, as they
//! are of every version that a project supports. What is read is the project's, and untrusted.

mod environment;
mod request;
mod specifiers;

use std::path::Path;

use crate::escape::{brief, shown};
use crate::path::RelPath;
use crate::workspace::Workspace;
use request::{Implementation, PythonRequest};

/// The image where nothing names a version: that of the newest one.
const NEWEST: &str = "docker.io/library/python:3-slim";

/// Far more than any real `.python-version` or `pyvenv.cfg`, in bytes.
const MAX_SMALL: u64 = 64 << 10;

/// Far more than any real `pyproject.toml`, in bytes.
const MAX_PYPROJECT: u64 = 1 << 20;

/// The primary environment of a plan.
pub(crate) struct PrimaryEnvironment<'p> {
    /// Where it is.
    pub(crate) path: &'p RelPath,
    /// The release that the policy returned, such as `3.12.4`.
    pub(crate) version: Option<&'p str>,
}

/// The version that a project means, and what decided it. Texts are escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProjectPython {
    /// `X.Y`, or `X` for its newest; `None` for the newest Python.
    series: Option<String>,
    /// Whether only a pre-release of that version is meant.
    is_pre_release: bool,
    /// What decided it, for people.
    pub(crate) reason: String,
    /// The file that asks for what the official image has not, and the image that has it.
    pub(crate) note: Option<(String, String)>,
}

impl ProjectPython {
    /// `X.Y`, if that is known.
    pub(crate) fn series(&self) -> Option<&str> {
        self.series.as_deref().filter(|series| series.contains('.'))
    }

    /// The official image of this version.
    pub(crate) fn image(&self) -> String {
        match (&self.series, self.is_pre_release) {
            (None, _) => NEWEST.to_owned(),
            (Some(series), false) => format!("docker.io/library/python:{series}-slim"),
            (Some(series), true) => format!("docker.io/library/python:{series}-rc-slim"),
        }
    }
}

/// Decides which Python a project means.
pub(crate) fn decide(
    workspace: &Workspace,
    primary: Option<PrimaryEnvironment<'_>>,
) -> ProjectPython {
    let mut note = None;
    let mut chosen = None;
    let mut consider = |file: &str, request: PythonRequest, reason: String| {
        if chosen.is_some() {
            return;
        }
        if note.is_none() {
            note = explain(&request).map(|text| (shown(file).into_owned(), text));
        }
        if let Some(series) = request.series {
            chosen = Some((series, request.is_pre_release, reason));
        }
    };
    if let Some(request) = read_python_version(workspace) {
        let reason = format!("`.python-version` says {}", request.text());
        consider(".python-version", request, reason);
    }
    if let Some(primary) = primary
        && let Some(request) = environment::read(workspace, &primary)
    {
        let path = primary.path.as_str();
        let reason = format!("`{}` was created with Python {}", shown(path), request.text());
        consider(path, request, reason);
    }
    if let Some((specifiers, series)) = read_requires_python(workspace) {
        let specifiers = brief(&specifiers);
        let reason = format!("`pyproject.toml` has `requires-python = \"{specifiers}\"`");
        consider("pyproject.toml", PythonRequest::of_series(series), reason);
    }
    match chosen {
        Some((series, is_pre_release, reason)) => {
            ProjectPython { series: Some(series), is_pre_release, reason, note }
        }
        None => {
            let reason = "nothing in the project names a Python version".to_owned();
            ProjectPython { series: None, is_pre_release: false, reason, note }
        }
    }
}

/// The image that has what the official one has not; `None` for plain CPython.
fn explain(request: &PythonRequest) -> Option<String> {
    let series = request.series.as_deref().unwrap_or("3");
    Some(match request.implementation {
        Implementation::CPython => return None,
        Implementation::PyPy => format!(
            "asks for PyPy, and the default image has CPython: \
             `--image docker.io/library/pypy:{series}-slim` has PyPy"
        ),
        Implementation::GraalPy => "asks for GraalPy, and the default image has CPython: \
             `--image ghcr.io/graalvm/graalpy-community` has GraalPy"
            .to_owned(),
        Implementation::FreeThreaded => format!(
            "asks for a free-threaded CPython, which no official image has: \
             `--image ghcr.io/astral-sh/uv:debian-slim` can install it, by `uv python install \
             {series}t` in the setup"
        ),
    })
}

/// The first line of `.python-version` that is a version, as pyenv and uv read it.
fn read_python_version(workspace: &Workspace) -> Option<PythonRequest> {
    let text = read_text(workspace, ".python-version", MAX_SMALL)?;
    text.lines().find_map(PythonRequest::parse)
}

/// The specifiers of `requires-python`, and the lowest version that they allow.
fn read_requires_python(workspace: &Workspace) -> Option<(String, String)> {
    #[derive(serde::Deserialize)]
    struct Pyproject {
        project: Option<ProjectTable>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct ProjectTable {
        requires_python: Option<String>,
    }
    let text = read_text(workspace, "pyproject.toml", MAX_PYPROJECT)?;
    let file: Pyproject = toml::from_str(&text).ok()?;
    let specifiers = file.project?.requires_python?;
    let series = specifiers::lowest(&specifiers)?;
    Some((specifiers, series))
}

/// A text file of the project; `None` if it is missing, too large or no text.
fn read_text(workspace: &Workspace, path: impl AsRef<Path>, limit: u64) -> Option<String> {
    let bytes = workspace.read(path.as_ref(), limit).ok()??;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests create their own workspaces")]

    use super::*;

    /// What is decided in a project with these files and a primary environment of this version.
    fn decided(files: &[(&str, &str)], version: Option<&str>) -> (String, String, String) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let workspace = Workspace::open(dir.path()).unwrap();
        let path = RelPath::parse(".venv").unwrap();
        let python = decide(&workspace, Some(PrimaryEnvironment { path: &path, version }));
        let image = python.image().strip_prefix("docker.io/library/python:").unwrap().to_owned();
        (
            image,
            python.reason,
            python.note.map(|(file, text)| format!("{file}: {text}")).unwrap_or_default(),
        )
    }

    #[test]
    fn the_first_file_that_names_a_version_decides() {
        let file = (".python-version", "# ours\n3.11.4\n3.12\n");
        let project = ("pyproject.toml", "[project]\nrequires-python = '>=3.9'\n");
        let all = [file, project];
        assert_eq!(decided(&all, Some("3.13.1")).0, "3.11-slim");
        assert_eq!(decided(&all, None).1, "`.python-version` says 3.11.4");
        assert_eq!(decided(&[project], Some("3.13.1")).0, "3.13-slim");
        assert_eq!(decided(&[project], Some("3.13.1")).1, "`.venv` was created with Python 3.13.1");
        let (image, reason, _) = decided(&[project], None);
        assert_eq!(image, "3.9-slim");
        assert_eq!(reason, "`pyproject.toml` has `requires-python = \">=3.9\"`");
        let (image, reason, note) = decided(&[], None);
        assert_eq!((image.as_str(), note.as_str()), ("3-slim", ""));
        assert_eq!(reason, "nothing in the project names a Python version");
    }

    #[test]
    fn what_is_no_version_leaves_the_decision_to_the_next() {
        let project = ("pyproject.toml", "[project]\nrequires-python = '>=3.9'\n");
        for text in ["", "system\nminiconda3-latest\n", "3.x\n", "\u{1b}[2J3.12\n"] {
            assert_eq!(
                decided(&[(".python-version", text), project], None).0,
                "3.9-slim",
                "{text}"
            );
        }
        for text in ["not TOML", "[project]\nrequires-python = 3\n", "[project]\n", "project = 1"] {
            assert_eq!(decided(&[("pyproject.toml", text)], None).0, "3-slim", "{text}");
        }
    }

    #[test]
    fn a_pre_release_is_taken_from_the_file_or_the_environment() {
        assert_eq!(decided(&[(".python-version", "3.15.0rc1")], None).0, "3.15-rc-slim");
        assert_eq!(decided(&[(".python-version", "3.15-dev")], None).0, "3.15-rc-slim");
        for line in ["version = 3.15.0b2", "version_info = 3.15.0.candidate.1"] {
            let files = [(".venv/pyvenv.cfg", line)];
            assert_eq!(decided(&files, Some("3.15.0")).0, "3.15-rc-slim", "{line}");
        }
        let files = [(".venv/pyvenv.cfg", "version_info = 3.14.1.final.0\n")];
        assert_eq!(decided(&files, Some("3.14.1")).0, "3.14-slim");
    }

    #[test]
    fn the_python_of_a_conda_environment_is_the_package_in_it() {
        let files = [
            (".venv/conda-meta/python-dateutil-2.9.0-pyhd8ed1ab_0.json", "{}"),
            (".venv/conda-meta/python-3.10.14-h955ad1f_1.json", "{}"),
        ];
        assert_eq!(decided(&files, None).0, "3.10-slim");
        let pypy = [(".venv/conda-meta/python-3.9.18-0_73_pypy.json", "{}")];
        let (image, _, note) = decided(&pypy, None);
        assert_eq!(image, "3.9-slim");
        assert!(
            note.starts_with(".venv: asks for PyPy") && note.contains("pypy:3.9-slim"),
            "{note}"
        );
    }

    #[test]
    fn what_no_official_image_has_is_noted_with_an_image_that_has_it() {
        for (text, image, wanted) in [
            ("pypy3.10-7.3.16", "3.10-slim", "docker.io/library/pypy:3.10-slim"),
            ("graalpy-24.0.0", "3-slim", "graalvm/graalpy-community"),
            ("3.13t", "3.13-slim", "uv python install 3.13t"),
        ] {
            let (chosen, _, note) = decided(&[(".python-version", text)], None);
            assert_eq!(chosen, image, "{text}");
            assert!(note.contains(wanted), "{text}: {note}");
        }
    }

    #[test]
    fn a_file_that_is_too_large_or_a_link_out_of_the_project_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(dir.path().join("outside"), "3.9\n").unwrap();
        std::os::unix::fs::symlink("../outside", root.join(".python-version")).unwrap();
        let large = format!("[project]\nrequires-python = '>=3.9'\n#{}", "x".repeat(1 << 20));
        std::fs::write(root.join("pyproject.toml"), large).unwrap();
        let workspace = Workspace::open(&root).unwrap();
        assert_eq!(decide(&workspace, None).image(), NEWEST);
    }
}
