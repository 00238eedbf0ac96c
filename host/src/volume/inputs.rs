//! What a setup depends on, and the stamp that is a hash of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cap_std::fs::MetadataExt as _;

use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::plan::Plan;
use crate::value::Sha256;
use crate::workspace::Workspace;

/// The files that name the packages of a project, as patterns with `*`; listed in
/// `docs/environments-that-last.md`.
const FILES: [&str; 27] = [
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
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "Cargo.toml",
    "Cargo.lock",
];

/// Far more than any real file of these.
const MAX_BYTES: u64 = 64 << 20;

/// The hash of the setup's text, of the names of its volumes (which depend on image and user),
/// and of [`FILES`] in the project's own directory, in that of each environment, and in their
/// subdirectory `requirements`.
pub(super) fn compute_stamp(
    workspace: &Workspace,
    plan: &Plan,
    setup: &str,
    volumes: &[&str],
) -> Result<String> {
    let shadows = plan.shadows().iter().filter(|shadow| plan.is_inside(shadow));
    let parents = shadows.filter_map(|shadow| shadow.path().as_path().parent());
    let files = input_files(parents, |dir| workspace.list_names(dir));
    let files = hash_each(
        files,
        |path| workspace.dir().metadata(path).ok().map(|data| (data.dev(), data.ino())),
        |path| hash_file(workspace, path),
    )?;
    let bytes = serde_json::to_vec(&(setup, volumes, files))
        .map_err(|error| Error::failed(format!("cannot hash what the setup needs: {error}")))?;
    Ok(Sha256::of(&bytes).to_string())
}

/// The paths of the files that a setup depends on. Lists each directory once, because many
/// environments may share one.
fn input_files<'p>(
    parents: impl Iterator<Item = &'p Path>,
    mut list_names: impl FnMut(&Path) -> Vec<OsString>,
) -> BTreeSet<PathBuf> {
    let mut dirs = BTreeMap::from([(PathBuf::new(), false)]);
    dirs.extend(parents.map(|parent| (parent.to_owned(), false)));
    // Any `.txt` file is an input there, also if it is the directory of an environment.
    let requirements: Vec<_> = dirs.keys().map(|dir| (dir.join("requirements"), true)).collect();
    dirs.extend(requirements);
    let mut files = BTreeSet::new();
    for (dir, any_txt) in dirs {
        for file in list_names(&dir) {
            let name = file.to_str().unwrap_or_default();
            let is_input = FILES.iter().any(|pattern| matches_pattern(pattern, name));
            if is_input || (any_txt && name.ends_with(".txt")) {
                files.insert(dir.join(&file));
            }
        }
    }
    files
}

/// The hash of each file by its path. Reads a file once, however many links lead to it.
fn hash_each<I: Ord>(
    files: BTreeSet<PathBuf>,
    identify: impl Fn(&Path) -> Option<I>,
    mut hash: impl FnMut(&Path) -> Result<String>,
) -> Result<BTreeMap<String, String>> {
    let mut known = BTreeMap::new();
    let mut hashes = BTreeMap::new();
    for path in files {
        let identity = identify(&path);
        let hash = match identity.as_ref().and_then(|identity| known.get(identity)) {
            Some(hash) => String::clone(hash),
            None => hash(&path)?,
        };
        if let Some(identity) = identity {
            known.insert(identity, hash.clone());
        }
        hashes.insert(path.to_string_lossy().into_owned(), hash);
    }
    Ok(hashes)
}

fn hash_file(workspace: &Workspace, path: &Path) -> Result<String> {
    match workspace.read(path, MAX_BYTES) {
        Ok(bytes) => Ok(Sha256::of(&bytes.unwrap_or_default()).to_string()),
        // A directory of that name, or a link out of the project, is not read: the message that
        // says so takes the place of the hash.
        Err(error) if error.raw_os_error().is_none() => Ok(error.to_string()),
        Err(error) => {
            let path = shown_path(path);
            Err(Error::failed(format!("cannot read `{path}`, which the setup needs: {error}")))
        }
    }
}

/// Whether a name matches a pattern, in which `*` matches any string.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((prefix, rest)) => name.strip_prefix(prefix).is_some_and(|name| {
            (0..=name.len())
                .any(|start| name.get(start..).is_some_and(|name| matches_pattern(rest, name)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_string() {
        for name in ["requirements.txt", "dev-requirements.txt", "requirements-é.txt"] {
            assert!(matches_pattern("*requirements*.txt", name), "{name}");
        }
        for name in ["requirement.txt", "requirements.txt~", ""] {
            assert!(!matches_pattern("*requirements*.txt", name), "{name}");
        }
        assert!(matches_pattern("uv.lock", "uv.lock"));
        assert!(!matches_pattern("uv.lock", "uv.locks"));
    }

    #[test]
    fn directories_and_files_are_read_once_for_any_number_of_environments() {
        let mut listed = Vec::new();
        let parents = ["", "", "", "a", "a", "requirements", "link", "link"].map(Path::new);
        let files = input_files(parents.into_iter(), |dir| {
            listed.push(dir.display().to_string());
            ["requirements.txt", "dev.txt", "setup.py", "other"].map(OsString::from).into()
        });
        listed.sort();
        let wanted = [
            "",
            "a",
            "a/requirements",
            "link",
            "link/requirements",
            "requirements",
            "requirements/requirements",
        ];
        assert_eq!(listed, wanted);
        assert!(files.contains(Path::new("requirements/dev.txt")));
        assert!(!files.contains(Path::new("dev.txt")));

        let mut read = 0;
        let count = files.len();
        let identify = |path: &Path| path.file_name().map(OsString::from);
        let hashes = hash_each(files, identify, |path| {
            read += 1;
            Ok(path.file_name().unwrap().display().to_string())
        });
        let hashes = hashes.unwrap();
        assert_eq!((hashes.len(), read), (count, 3));
        assert_eq!(hashes["link/setup.py"], "setup.py");
    }
}
