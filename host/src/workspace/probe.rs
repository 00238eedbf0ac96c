//! What one system call shows about a path.

use cap_std::fs::Dir;

use crate::path::RelPath;

/// What a path below a directory is, without following any link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// A directory, with no link on the way.
    Directory,
    /// A component is a link, and the ones before it are directories.
    Link,
    /// Neither.
    Other,
    /// This system has no such call.
    Unknown,
}

impl Probe {
    #[cfg(target_os = "linux")]
    pub(super) fn of(dir: &Dir, path: &RelPath) -> Self {
        use rustix::fs::{Mode, OFlags, ResolveFlags};
        use rustix::io::Errno;

        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match rustix::fs::openat2(dir, path.as_path(), flags, Mode::empty(), resolve) {
            Ok(_) => Self::Directory,
            Err(Errno::LOOP) => Self::Link,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Self::Other,
            Err(_) => Self::Unknown,
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn of(_: &Dir, _: &RelPath) -> Self {
        Self::Unknown
    }
}
