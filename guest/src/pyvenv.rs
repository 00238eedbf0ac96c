//! Reads `pyvenv.cfg` as Python's `site` module does, and trusts it less.

use alloc::format;
use alloc::string::{String, ToString};

/// Longer than any path that a system opens.
const MAX_HOME: usize = 4096;

/// What `pyvenv.cfg` says about an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pyvenv {
    /// Python version, such as `3.11.2`.
    pub(crate) python: Option<String>,
    /// Directory of the interpreter that the environment was made from.
    pub(crate) home: Option<String>,
    /// What it was made with, if that is not plain CPython.
    pub(crate) implementation: Option<&'static str>,
}

/// Reads what can be read; a line or a value that makes no sense is ignored.
pub(crate) fn parse(bytes: &[u8]) -> Pyvenv {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (mut home, mut version, mut version_info) = (None, None, None);
    let (mut named, mut executable) = (None, None);
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        // As in Python, the last line with a key wins.
        match key.trim().to_ascii_lowercase().as_str() {
            "home" => home = directory(value.trim()),
            "version" => version = release(value.trim()),
            // What virtualenv and uv write: `3.11.7.final.0`.
            "version_info" => version_info = release(value.trim()),
            "implementation" => named = Some(value.trim().to_ascii_lowercase()),
            "executable" => executable = Some(value.trim()),
            _ => {}
        }
    }
    let named = named.as_deref().unwrap_or("");
    let implementation =
        implementation(named, home.as_deref().unwrap_or(""), executable.unwrap_or(""));
    Pyvenv { python: version.or(version_info), home, implementation }
}

/// The implementation, if it is not plain CPython: as virtualenv and uv name it, or as the
/// usual paths of such an interpreter do.
fn implementation(named: &str, home: &str, executable: &str) -> Option<&'static str> {
    let in_path = |word: &str| home.to_ascii_lowercase().contains(word);
    // `python3.13t`, as PEP 703 builds are called.
    let is_threaded = |executable: &str| {
        let version = executable.rsplit_once("python").map_or("", |(_, version)| version);
        version.strip_suffix('t').is_some_and(|version| version.starts_with('3'))
    };
    if named == "pypy" || in_path("pypy") {
        Some("PyPy")
    } else if named.starts_with("graal") || in_path("graalpy") {
        Some("GraalPy")
    } else if in_path("freethreaded") || is_threaded(executable) {
        Some("a free-threaded CPython")
    } else {
        None
    }
}

fn directory(value: &str) -> Option<String> {
    // A byte that was not UTF-8 was replaced: the path would be another one.
    let wrong = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    let sane = !value.is_empty() && value.len() <= MAX_HOME && !value.contains(wrong);
    sane.then(|| value.to_string())
}

/// The release in a version: `3.11.7` of `3.11.7.final.0`, `3.13.0` of `3.13.0rc1`.
fn release(value: &str) -> Option<String> {
    let mut parts = value.splitn(4, '.');
    let major = number(parts.next()?, true)?;
    let minor = parts.next()?;
    let patch = parts.next().and_then(|patch| number(patch, false));
    match patch {
        Some(patch) => Some(format!("{major}.{}.{patch}", number(minor, true)?)),
        None => Some(format!("{major}.{}", number(minor, false)?)),
    }
}

/// The digits that a part begins with, or is made of if it is `whole`.
fn number(part: &str, whole: bool) -> Option<&str> {
    let digits = part.trim_start_matches(|c: char| c.is_ascii_digit());
    let end = part.len() - digits.len();
    ((1..=4).contains(&end) && (!whole || digits.is_empty())).then(|| &part[..end])
}
