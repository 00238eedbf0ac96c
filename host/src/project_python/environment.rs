//! The version of the primary environment.

use super::request::{Implementation, PythonRequest};
use super::{MAX_SMALL, PrimaryEnvironment, read_text};
use crate::workspace::Workspace;

/// The most entries of `conda-meta` that are looked at; real ones have some hundred.
const MAX_PACKAGES: usize = 10_000;

/// The version that the policy returned, or that of the package `python` in a conda environment.
pub(super) fn read(
    workspace: &Workspace,
    primary: &PrimaryEnvironment<'_>,
) -> Option<PythonRequest> {
    let Some(version) = primary.version else { return read_conda(workspace, primary) };
    let request = PythonRequest::parse(version)?;
    // A policy returns the release alone, without what makes it a pre-release.
    let config = primary.path.as_path().join("pyvenv.cfg");
    let text = read_text(workspace, config, MAX_SMALL).unwrap_or_default();
    let mut versions = text.lines().filter_map(|line| line.split_once('=')).filter(|(key, _)| {
        ["version", "version_info"].contains(&key.trim().to_ascii_lowercase().as_str())
    });
    let is_pre_release =
        versions.next_back().is_some_and(|(_, value)| is_pre_release(value.trim()));
    // What it was created with is the policy's to note.
    let implementation = Implementation::CPython;
    Some(PythonRequest { is_pre_release, implementation, ..request })
}

/// Whether a version such as `3.15.0rc1` or `3.15.0.candidate.1` is one; `3.14.0.final.0` is not.
fn is_pre_release(version: &str) -> bool {
    let words = version.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.into_iter().any(|word| ["a", "b", "rc", "alpha", "beta", "candidate"].contains(&word))
}

/// The version in the name `python-VERSION-BUILD.json` of the record of conda's package.
fn read_conda(workspace: &Workspace, primary: &PrimaryEnvironment<'_>) -> Option<PythonRequest> {
    let directory = primary.path.as_path().join("conda-meta");
    let entries = workspace.dir().read_dir(directory).ok()?.take(MAX_PACKAGES);
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter_map(|name| {
            let package = name.strip_prefix("python-")?.strip_suffix(".json")?;
            let (version, build) = package.split_once('-')?;
            let request = PythonRequest::parse(version)?;
            let implementation = match build {
                _ if build.ends_with("pypy") => Implementation::PyPy,
                _ if build.ends_with("graalpy") => Implementation::GraalPy,
                _ if build.contains("_cp") && build.ends_with('t') => Implementation::FreeThreaded,
                _ => Implementation::CPython,
            };
            Some(PythonRequest { implementation, ..request })
        })
        .min_by_key(PythonRequest::text)
}
