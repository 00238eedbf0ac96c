//! Three types for three kinds of path. There is no conversion between [`HostPath`] and
//! [`ContainerPath`], so that swapping the two sides of a mount is a compile error.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// The most bytes of a path below the workspace.
const MAX_BYTES: usize = 3072;

/// A path below the workspace, by the rules of the WIT package: UTF-8, components separated by
/// `/`, none of them empty, `.` or `..`, and no control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RelPath(String);

/// Why a string is not a [`RelPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelPathFault {
    /// It is empty or, for user input, names the workspace itself.
    Empty,
    /// It begins with `/`.
    Absolute,
    /// A component is empty, `.` or `..`.
    Component,
    /// It contains a control character, such as NUL or a newline.
    Control,
    /// It is longer than [`MAX_BYTES`].
    Length,
}

impl fmt::Display for RelPathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is the workspace itself"),
            Self::Absolute => f.write_str("is absolute, not relative to the workspace"),
            Self::Component => f.write_str("has an empty, `.` or `..` component"),
            Self::Control => f.write_str("has a control character"),
            Self::Length => write!(f, "is longer than {MAX_BYTES} bytes"),
        }
    }
}

impl RelPath {
    /// Parses the exact spelling that the WIT package requires of a policy.
    pub(crate) fn parse(text: &str) -> Result<Self, RelPathFault> {
        if text.is_empty() {
            Err(RelPathFault::Empty)
        } else if text.starts_with('/') {
            Err(RelPathFault::Absolute)
        } else if text.len() > MAX_BYTES {
            Err(RelPathFault::Length)
        } else if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
            Err(RelPathFault::Component)
        } else if text.chars().any(char::is_control) {
            Err(RelPathFault::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Parses a path of the command line or a settings file: empty and `.` components are
    /// dropped. A `..` is an error, because the component before it may be a link.
    pub(crate) fn from_user_input(text: &str) -> Result<Self, RelPathFault> {
        if text.starts_with('/') {
            return Err(RelPathFault::Absolute);
        }
        let parts: Vec<_> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        Self::parse(&parts.join("/"))
    }

    /// The path as a string, unescaped.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path for a call below a directory handle.
    pub(crate) fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// Whether `self` lies below `other`, or is the same.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.as_path().starts_with(other.as_path())
    }

    /// Whether `self` lies below one of `others`, or is one of them.
    pub(crate) fn is_within_any(&self, others: &BTreeSet<Self>) -> bool {
        self.prefixes().any(|outer| others.contains(outer))
    }

    /// The path's first component, its first two, and so on up to the path itself.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let ends = self.0.match_indices('/').map(|(end, _)| end).chain([self.0.len()]);
        ends.map(|end| &self.0[..end])
    }

    /// Like [`Self::prefixes`], as paths.
    pub(crate) fn to_prefixes(&self) -> impl Iterator<Item = Self> {
        self.prefixes().map(|prefix| Self(prefix.to_owned()))
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

/// A path on the machine that runs `paude`: absolute, with links resolved, of any bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HostPath(PathBuf);

impl HostPath {
    /// Resolves a path that exists.
    pub(crate) fn resolve(path: &Path) -> std::io::Result<Self> {
        if let Some(path) = resolve_by_kernel(path)? {
            return Ok(Self(path));
        }
        #[expect(clippy::disallowed_methods, reason = "the only place that creates host paths")]
        std::fs::canonicalize(path).map(Self)
    }

    /// Resolves the longest part of a path that exists, and drops the rest.
    pub(crate) fn canonicalize_existing_prefix(path: &Path) -> std::io::Result<Self> {
        let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let mut prefixes = path.ancestors().map(Self::resolve);
        let existing = prefixes.find(|prefix| !prefix.as_ref().is_err_and(is_missing));
        existing.unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))
    }

    /// Wraps a path that need not exist, for generated plans.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn assumed(path: PathBuf) -> Self {
        Self(path)
    }

    /// The path of `path` below this directory.
    pub(crate) fn join(&self, path: &RelPath) -> Self {
        Self(self.0.join(path.as_path()))
    }

    /// The path for calls of the operating system and for engine arguments.
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }
}

/// Resolves a path that exists with a few system calls, as the C library makes one for each
/// component that links lead through. Returns `None` where `/proc` does not show the result.
#[cfg(target_os = "linux")]
fn resolve_by_kernel(path: &Path) -> std::io::Result<Option<PathBuf>> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{CWD, Mode, OFlags};

    let file = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let Ok(real) = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) else {
        return Ok(None);
    };
    // The text is no path to the file if that was removed or lies outside of this root.
    let (open, there) = (rustix::fs::fstat(&file)?, rustix::fs::lstat(&real));
    let is_same =
        there.is_ok_and(|there| (there.st_dev, there.st_ino) == (open.st_dev, open.st_ino));
    Ok((real.is_absolute() && is_same).then_some(real))
}

#[cfg(not(target_os = "linux"))]
fn resolve_by_kernel(_: &Path) -> std::io::Result<Option<PathBuf>> {
    Ok(None)
}

/// A path in the container: absolute, without `.` and `..`, of any bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ContainerPath(PathBuf);

impl ContainerPath {
    /// Checks a path: it must be absolute, have no `.` or `..`, and be neither `/` nor in a
    /// directory that engines fill themselves (`/proc`, `/sys`, `/dev`).
    pub(crate) fn new(path: &Path) -> Option<Self> {
        let is_normal = path.is_absolute()
            && path.components().skip(1).all(|part| matches!(part, Component::Normal(_)));
        let first = path.components().nth(1).map(Component::as_os_str)?;
        let is_reserved = ["proc", "sys", "dev"].contains(&first.to_str().unwrap_or(""));
        // Collecting the components drops duplicate and trailing slashes.
        (is_normal && !is_reserved).then(|| Self(path.components().collect()))
    }

    /// The path of `path` below this directory.
    pub(crate) fn join(&self, path: &RelPath) -> Self {
        Self(self.0.join(path.as_path()))
    }

    /// Whether the path contains a `:`, which divides it into two entries of PATH.
    pub(crate) fn divides_path(&self) -> bool {
        self.0.as_os_str().as_encoded_bytes().contains(&b':')
    }

    /// The path for engine arguments.
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }

    /// The path as a string of any bytes.
    pub(crate) fn as_os_str(&self) -> &OsStr {
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
    fn user_input_may_have_extra_slashes_but_no_parent_components() {
        assert_eq!(RelPath::from_user_input("./a//b/").unwrap().as_str(), "a/b");
        assert_eq!(RelPath::from_user_input("."), Err(RelPathFault::Empty));
        assert_eq!(RelPath::from_user_input("a/../b"), Err(RelPathFault::Component));
        assert_eq!(RelPath::from_user_input("/a"), Err(RelPathFault::Absolute));
    }

    #[test]
    fn is_within_compares_components_not_characters() {
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
    fn a_container_path_covers_no_directory_of_the_engine() {
        for bad in ["/", "a", "/a/../b", "/proc", "/sys/x", "/dev"] {
            assert_eq!(ContainerPath::new(Path::new(bad)), None, "{bad}");
        }
        assert_eq!(ContainerPath::new(Path::new("/a//b/")).unwrap().as_path(), Path::new("/a/b"));
        assert!(ContainerPath::new(Path::new("/processes")).is_some());
    }
}
