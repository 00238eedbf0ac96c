//! The three kinds of path, which never turn into one another by accident.
//!
//! Swapping the two sides of a mount is a compile error: there is no conversion
//! between [`HostPath`] and [`ContainerPath`].

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// Longest path below the workspace that is accepted, in bytes.
const MAX_LENGTH: usize = 3072;

/// A directory below the workspace: UTF-8, components separated by `/`, none of
/// them empty, `.` or `..`, no control character (the rule of the WIT package).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(String);

/// Why a text is not a [`RelPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelPathFault {
    /// There is nothing in it, or only the workspace itself.
    Empty,
    /// It begins with `/`.
    Absolute,
    /// A component is empty, `.` or `..`.
    Component,
    /// It holds a control character, NUL and newline among them.
    Control,
    /// It is longer than any system takes.
    Length,
}

impl fmt::Display for RelPathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is the workspace itself",
            Self::Absolute => "is absolute, not relative to the workspace",
            Self::Component => "has an empty, `.` or `..` component",
            Self::Control => "has a control character",
            Self::Length => "is longer than 3072 bytes",
        })
    }
}

impl RelPath {
    /// Takes exactly the spelling of the WIT package, as policies must use it.
    pub fn parse(text: &str) -> Result<Self, RelPathFault> {
        if text.is_empty() {
            Err(RelPathFault::Empty)
        } else if text.starts_with('/') {
            Err(RelPathFault::Absolute)
        } else if text.len() > MAX_LENGTH {
            Err(RelPathFault::Length)
        } else if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            Err(RelPathFault::Component)
        } else if text.chars().any(char::is_control) {
            Err(RelPathFault::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Takes what a person types: `./` in front, doubled and trailing slashes are
    /// dropped. A `..` is not resolved, because a link could stand before it.
    pub fn typed(text: &str) -> Result<Self, RelPathFault> {
        if text.starts_with('/') {
            return Err(RelPathFault::Absolute);
        }
        let parts: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        Self::parse(&parts.join("/"))
    }

    /// The text, as in plans and messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For use below a directory handle.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// Whether `self` lies below `other`, or is the same.
    pub fn is_within(&self, other: &Self) -> bool {
        self.as_path().starts_with(other.as_path())
    }

    /// Whether `self` lies below one of `others`, or is one of them.
    pub fn is_within_any(&self, others: &BTreeSet<Self>) -> bool {
        let ends = self.0.match_indices('/').map(|(end, _)| end).chain([self.0.len()]);
        ends.map(|end| &self.0[..end]).any(|outer| others.contains(outer))
    }

    /// The name of its last component.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl Borrow<str> for RelPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path on the machine that runs `paude`: absolute, links resolved, any bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPath(PathBuf);

impl HostPath {
    /// Resolves a path that exists.
    pub fn resolve(path: &Path) -> std::io::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "host paths are made here only")]
        std::fs::canonicalize(path).map(Self)
    }

    /// Resolves as much of a path as exists.
    pub fn nearest(path: &Path) -> std::io::Result<Self> {
        let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let mut places = path.ancestors().map(Self::resolve);
        let found = places.find(|place| !place.as_ref().is_err_and(is_missing));
        found.unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))
    }

    /// A path that is on no machine, for the properties in `oracle`.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn assumed(path: PathBuf) -> Self {
        Self(path)
    }

    /// The directory `path` below this one.
    pub fn join(&self, path: &RelPath) -> Self {
        Self(self.0.join(path.as_path()))
    }

    /// For the calls of the operating system and for engine arguments.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

/// A path in the container: absolute and normal, any bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPath(PathBuf);

impl ContainerPath {
    /// Takes an absolute path without `.` or `..`, other than `/` and what the
    /// engines fill themselves (`/proc`, `/sys`, `/dev`). Returns `None` for others.
    pub fn new(path: &Path) -> Option<Self> {
        let normal = path.is_absolute()
            && path.components().skip(1).all(|part| matches!(part, Component::Normal(_)));
        let first = path.components().nth(1).map(Component::as_os_str)?;
        let free = !["proc", "sys", "dev"].contains(&first.to_str().unwrap_or(""));
        // Collecting components drops doubled and trailing slashes.
        (normal && free).then(|| Self(path.components().collect()))
    }

    /// The directory `path` below this one.
    pub fn join(&self, path: &RelPath) -> Self {
        Self(self.0.join(path.as_path()))
    }

    /// Whether PATH would take it for two directories.
    pub fn divides_path(&self) -> bool {
        self.0.as_os_str().as_encoded_bytes().contains(&b':')
    }

    /// For rendering.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// For rendering.
    pub fn as_os_str(&self) -> &OsStr {
        self.0.as_os_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_must_spell_a_path_exactly() {
        let cases = [
            (".venv", None),
            ("packages/api/.venv", None),
            ("...", None),
            (" a,b:c='\"\\ ", None),
            ("", Some(RelPathFault::Empty)),
            ("/etc", Some(RelPathFault::Absolute)),
            ("a//b", Some(RelPathFault::Component)),
            ("a/", Some(RelPathFault::Component)),
            ("./a", Some(RelPathFault::Component)),
            ("a/../..", Some(RelPathFault::Component)),
            ("a\0", Some(RelPathFault::Control)),
            ("a\nb", Some(RelPathFault::Control)),
        ];
        for (text, fault) in cases {
            assert_eq!(RelPath::parse(text).err(), fault, "{text:?}");
        }
        assert_eq!(RelPath::parse(&"a".repeat(3073)), Err(RelPathFault::Length));
    }

    #[test]
    fn a_person_may_spell_it_loosely_but_not_climb() {
        assert_eq!(RelPath::typed("./a//b/").unwrap().as_str(), "a/b");
        assert_eq!(RelPath::typed("."), Err(RelPathFault::Empty));
        assert_eq!(RelPath::typed("a/../b"), Err(RelPathFault::Component));
        assert_eq!(RelPath::typed("/a"), Err(RelPathFault::Absolute));
    }

    #[test]
    fn within_counts_components_not_letters() {
        let path = |text| RelPath::parse(text).unwrap();
        assert!(path("a/b").is_within(&path("a")));
        assert!(path("a").is_within(&path("a")));
        assert!(!path("ab").is_within(&path("a")));
        let others = ["a", "b/c"].map(path).into();
        for (text, is_within) in
            [("a", true), ("a/x/y", true), ("ab", false), ("b", false), ("b/c/d", true)]
        {
            assert_eq!(path(text).is_within_any(&others), is_within, "{text}");
        }
    }

    #[test]
    fn a_container_path_covers_nothing_the_engine_needs() {
        for bad in ["/", "a", "/a/../b", "/proc", "/sys/x", "/dev"] {
            assert_eq!(ContainerPath::new(Path::new(bad)), None, "{bad}");
        }
        assert_eq!(ContainerPath::new(Path::new("/a//b/")).unwrap().as_path(), Path::new("/a/b"));
        assert!(ContainerPath::new(Path::new("/processes")).is_some());
    }
}
