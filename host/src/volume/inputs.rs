//! What a setup depends on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::plan::Plan;
use crate::value::Sha256;
use crate::workspace::Workspace;

/// What tells which packages a project wants, by name. Names with a `*` are patterns.
const FILES: [&str; 19] = [
    "*requirements*.txt",
    "*requirements*.in",
    "*constraints*.txt",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "Pipfile.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock*.toml",
    "pixi.toml",
    "pixi.lock",
    "environment*.yml",
    "environment*.yaml",
    "conda-lock.yml",
    "uv.toml",
    ".python-version",
];

/// Far more than any real one.
const MAX_BYTES: u64 = 64 << 20;

/// A hash of the setup's text, the volumes it fills (whose names stand for image and
/// user), and those files in the project's own directory, in that of each environment,
/// and in `requirements`.
pub(super) fn stamp(
    workspace: &Workspace,
    plan: &Plan,
    setup: &str,
    volumes: &[&str],
) -> Result<String> {
    let parents = plan.shadows().iter().filter(|shadow| plan.is_inside(shadow));
    let parents = parents.filter_map(|shadow| shadow.path().as_path().parent());
    let mut dirs: Vec<PathBuf> = parents.map(Path::to_owned).collect();
    dirs.push(PathBuf::new());
    let mut files = BTreeMap::new();
    for dir in dirs {
        for (dir, all) in [(dir.join("requirements"), true), (dir, false)] {
            for file in workspace.names(&dir) {
                let text = file.to_str().unwrap_or_default();
                if (all && text.ends_with(".txt")) || FILES.iter().any(|name| fits(name, text)) {
                    let path = dir.join(&file);
                    let content = read(workspace, &path)?;
                    files.insert(path.to_string_lossy().into_owned(), content);
                }
            }
        }
    }
    let bytes = serde_json::to_vec(&(setup, volumes, files))
        .map_err(|error| Error::failed(format!("cannot tell what the setup needs: {error}")))?;
    Ok(Sha256::of(&bytes).to_string())
}

fn read(workspace: &Workspace, path: &Path) -> Result<String> {
    match workspace.read(path, MAX_BYTES) {
        Ok(bytes) => Ok(Sha256::of(&bytes.unwrap_or_default()).to_string()),
        // A directory of that name, or a link out of the project, is none of its files.
        Err(error) if error.raw_os_error().is_none() => Ok(error.to_string()),
        Err(error) => {
            let path = shown_path(path);
            Err(Error::failed(format!("cannot read `{path}`, which the setup needs: {error}")))
        }
    }
}

/// Whether a name is this, where `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((begin, rest)) => name.strip_prefix(begin).is_some_and(|name| {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| fits(rest, name)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for name in ["requirements.txt", "dev-requirements.txt", "requirements-é.txt"] {
            assert!(fits("*requirements*.txt", name), "{name}");
        }
        for name in ["requirement.txt", "requirements.txt~", ""] {
            assert!(!fits("*requirements*.txt", name), "{name}");
        }
        assert!(fits("uv.lock", "uv.lock") && !fits("uv.lock", "uv.locks"));
    }
}
