//! The directory of a path that a user named, opened one component after the other.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

use crate::escape::shown_path;
use crate::path::HostPath;

/// The most links on the way, as for Linux (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A directory to pass through need not be readable.
#[cfg(target_os = "linux")]
const ACCESS: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const ACCESS: OFlags = OFlags::RDONLY;

/// An open directory, and its path without links.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: Dir,
    pub(super) path: PathBuf,
}

impl Place {
    /// Opens a directory. Fails for a link that lies in one of the `shared` directories: whoever
    /// writes there would choose where a file of the user's is written.
    pub(super) fn open(directory: &Path, shared: &[&HostPath]) -> io::Result<Self> {
        let mut place = Self::root()?;
        let mut pending = reversed_names(&std::path::absolute(directory)?);
        let mut links = 0;
        while let Some(name) = pending.pop() {
            let error = match open_dir(&place.dir, &name) {
                Ok(dir) => {
                    place.enter(dir, &name);
                    continue;
                }
                Err(error) => error,
            };
            let Ok(target) = readlinkat(&place.dir, &name, Vec::new()) else {
                return Err(error.into());
            };
            if shared.iter().any(|shared| place.path.starts_with(shared.as_path())) {
                let link = shown_path(&place.path.join(&name));
                let message = format!("`{link}` is a link of the project, which is not followed");
                return Err(io::Error::other(message));
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::LOOP.into());
            }
            let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
            if target.is_absolute() {
                place = Self::root()?;
            }
            pending.extend(reversed_names(&target));
        }
        Ok(place)
    }

    fn root() -> io::Result<Self> {
        let dir = open_dir(CWD, Path::new("/"))?;
        Ok(Self { dir: Dir::from_std_file(File::from(dir)), path: PathBuf::from("/") })
    }

    /// Goes to a directory of this one, or to the one that it lies in.
    fn enter(&mut self, dir: OwnedFd, name: &OsString) {
        self.dir = Dir::from_std_file(File::from(dir));
        match name == ".." {
            true => drop(self.path.pop()),
            false => self.path.push(name),
        }
    }
}

/// Opens a directory, but not where a link leads.
fn open_dir(dir: impl std::os::fd::AsFd, name: impl AsRef<Path>) -> Result<OwnedFd, Errno> {
    let flags = ACCESS | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(dir, name.as_ref(), flags, Mode::empty())
}

/// The names in a path, the last one first.
fn reversed_names(path: &Path) -> Vec<OsString> {
    let is_name =
        |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().rev().filter(is_name).map(|part| part.as_os_str().to_owned()).collect()
}
