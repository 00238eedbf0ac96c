//! `build.target-dir` of a `.cargo/config.toml`
//! (<https://doc.rust-lang.org/cargo/reference/config.html#buildtarget-dir>).

use crate::toml_strings;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use paude_guest_shared::path::{join, representable};

/// Where a target directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetDir {
    /// In the project.
    Inside(String),
    /// Somewhere else, which the container does not see.
    Outside,
}

/// The target directory that a `config.toml` sets; `dir` holds the `.cargo` in which it is, and
/// to which a relative path is relative.
pub(crate) fn parse(bytes: &[u8], dir: &str) -> Option<TargetDir> {
    let mut path = None;
    toml_strings::read(core::str::from_utf8(bytes).ok()?, &mut |key, value| {
        if key == ["build", "target-dir"] {
            path = value.map(ToString::to_string);
        }
    });
    let path = path?;
    Some(resolve(dir, &path).map_or(TargetDir::Outside, TargetDir::Inside))
}

/// `path` below `dir`, without `.` and `..`; `None` outside of the project.
fn resolve(dir: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || !representable(path) {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    let joined = parts.iter().fold(String::new(), |path, part| join(&path, part));
    (!joined.is_empty()).then(|| joined.to_string())
}
