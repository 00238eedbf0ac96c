//! The project directory, opened once.
//!
//! Everything that is read from the project goes through this one handle:
//! `paude.json`, the policy's view, the check of its answer. A link that leaves
//! the project therefore fails at the operating system, not in string work.

mod space;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt as _};

use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::file;
use crate::path::{ContainerPath, HostPath, RelPath};

pub use space::free_memory;

/// How often a place that changes under the look is looked at.
const LOOKS: u32 = 100;

/// What marks a directory as bound to the machine that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// `pyvenv.cfg`, as PEP 405 says.
    Venv,
    /// `conda-meta/`.
    Conda,
}

/// What stands at a path of the workspace, links followed.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory, at this path once every link is resolved.
    Directory(RelPath),
    /// Nothing: these directories are missing, outermost first, links resolved.
    Missing(Vec<RelPath>),
    /// Something that is not a directory.
    File,
    /// A link that leaves the workspace.
    Outside,
}

/// An open project directory.
#[derive(Debug)]
pub struct Workspace {
    path: HostPath,
    target: ContainerPath,
    dir: Dir,
}

impl Workspace {
    /// Opens the directory, links resolved.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |error: io::Error| {
            Error::usage(format!("cannot open workspace `{}`: {error}", shown_path(path)))
        };
        let path = HostPath::resolve(path).map_err(fail)?;
        if path.as_path().parent().is_none() {
            return Err(Error::usage("the workspace cannot be the root directory `/`")
                .hint("go to your project, or name it with -C"));
        }
        let target = ContainerPath::new(path.as_path()).ok_or_else(|| {
            let path = shown_path(path.as_path());
            Error::usage(format!("`{path}` cannot be a workspace: a container has its own there"))
        })?;
        let dir = Dir::open_ambient_dir(path.as_path(), ambient_authority()).map_err(fail)?;
        Ok(Self { path, target, dir })
    }

    /// Where it is on this machine.
    pub fn path(&self) -> &HostPath {
        &self.path
    }

    /// Whether its path still leads to it.
    pub fn is_in_place(&self) -> bool {
        use cap_std::fs::MetadataExt as _;
        use std::os::unix::fs::MetadataExt as _;
        let held = self.dir.dir_metadata().map(|data| (data.dev(), data.ino()));
        let now = std::fs::metadata(self.path.as_path()).map(|data| (data.dev(), data.ino()));
        held.is_ok_and(|held| now.is_ok_and(|now| now == held))
    }

    /// Where it stands in the container: at the same path.
    pub fn target(&self) -> &ContainerPath {
        &self.target
    }

    /// A second handle to the same directory, for the policy's view.
    pub fn try_clone(&self) -> io::Result<std::fs::File> {
        self.dir.try_clone().map(Dir::into_std_file)
    }

    /// The handle itself, for making and removing mount points below it.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Reads a regular file of at most `limit` bytes. `None` if nothing is there.
    pub fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(file::NONBLOCKING);
        match self.dir.open_with(path, &options) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A dangling link is not the same as no file.
                match self.is_link(path) {
                    true => Err(leads_nowhere()),
                    false => Ok(None),
                }
            }
            opened => file::read(opened?.into_std(), limit).map(Some),
        }
    }

    /// Looks at a path without leaving the workspace. Other runs make and remove mount
    /// points meanwhile: what comes or goes during the look is looked at again.
    pub fn place(&self, path: &RelPath) -> io::Result<Place> {
        for _ in 1..LOOKS {
            match self.look(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                seen => return seen,
            }
        }
        self.look(path)
    }

    fn look(&self, path: &RelPath) -> io::Result<Place> {
        if is_plain_directory(&self.dir, path) {
            return Ok(Place::Directory(path.clone()));
        }
        match self.resolve(path.as_path()) {
            Ok((_, data)) if !data.is_dir() => Ok(Place::File),
            Ok((real, _)) if matches!(real.to_str(), Some("" | ".")) => {
                Err(io::Error::other("leads to the workspace itself"))
            }
            Ok((real, _)) => match real.to_str().and_then(|text| RelPath::parse(text).ok()) {
                Some(real) => Ok(Place::Directory(real)),
                None => Err(io::Error::other("leads to a directory whose name cannot be said")),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.missing(path),
            // cap-std answers so when a link, or a chain of them, leaves the handle.
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied && self.has_link(path) =>
            {
                Ok(Place::Outside)
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Place::File),
            Err(error) => Err(error),
        }
    }

    /// Where a path leads, links resolved, and what is there.
    fn resolve(&self, path: &Path) -> io::Result<(PathBuf, Metadata)> {
        let real = self.dir.canonicalize(path)?;
        // Linux names a directory that is gone by now `NAME (deleted)`: that is not found.
        let data = self.dir.metadata(&real)?;
        Ok((real, data))
    }

    /// What to make so that `path` exists; not found, if that has come meanwhile. A dangling
    /// link on the way is refused: engines would follow it and make directories where it leads.
    fn missing(&self, path: &RelPath) -> io::Result<Place> {
        let parts: Vec<_> = path.as_str().split('/').collect();
        let there = |count: usize| self.dir.metadata(parts[..count].join("/")).is_ok();
        let existing = (1..parts.len()).rev().find(|&count| there(count)).unwrap_or(0);
        match self.dir.symlink_metadata(parts[..=existing].join("/")) {
            Ok(data) if data.is_symlink() => return Err(leads_nowhere()),
            Ok(_) => return Err(io::ErrorKind::NotFound.into()),
            Err(_) => {}
        }
        let mut real = match existing {
            0 => PathBuf::new(),
            _ => self.resolve(parts[..existing].join("/").as_ref())?.0,
        };
        if real == Path::new(".") {
            real = PathBuf::new(); // a link to the workspace itself
        }
        let mut make = Vec::new();
        for part in &parts[existing..] {
            real.push(part);
            let said = real.to_str().and_then(|text| RelPath::parse(text).ok());
            make.push(said.ok_or_else(|| {
                io::Error::other("lies in a directory whose name cannot be said")
            })?);
        }
        Ok(Place::Missing(make))
    }

    /// Whether a link is on the way. cap-std looks below none that leaves the handle.
    fn has_link(&self, path: &RelPath) -> bool {
        path.as_path().ancestors().any(|part| self.is_link(part))
    }

    fn is_link(&self, path: &Path) -> bool {
        self.dir.symlink_metadata(path).is_ok_and(|data| data.is_symlink())
    }

    /// Whether a regular file of that name lies in the project's own directory.
    pub fn has_file(&self, name: &str) -> bool {
        self.dir.metadata(name).is_ok_and(|data| data.is_file())
    }

    /// Whether anything of that name lies there, a broken link too. Not an empty directory:
    /// it may be another run's mount point.
    pub fn has_entry(&self, name: &str) -> bool {
        let is_empty = self.dir.read_dir(name).is_ok_and(|mut entries| entries.next().is_none());
        !is_empty && self.dir.symlink_metadata(name).is_ok()
    }

    /// The names in a directory, sorted; none if it cannot be read.
    pub fn names(&self, dir: &Path) -> Vec<std::ffi::OsString> {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let entries = self.dir.read_dir(dir).into_iter().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.sort();
        names
    }

    /// Which marker a directory of the workspace holds.
    pub fn marker(&self, path: &RelPath) -> Option<Marker> {
        let within = |name| self.dir.metadata(path.as_path().join(name));
        if within("pyvenv.cfg").is_ok_and(|data| data.is_file()) {
            Some(Marker::Venv)
        } else if within("conda-meta").is_ok_and(|data| data.is_dir()) {
            Some(Marker::Conda)
        } else {
            None
        }
    }

    /// Follows a link that leaves the workspace, and says which marker it found
    /// there. This is the one look outside, and it opens nothing.
    pub fn follow_outside(&self, path: &RelPath) -> io::Result<(HostPath, Option<Marker>)> {
        let target = HostPath::resolve(self.path.join(path).as_path())?;
        let within = |name| target.as_path().join(name);
        let marker = if within("pyvenv.cfg").is_file() {
            Some(Marker::Venv)
        } else if within("conda-meta").is_dir() {
            Some(Marker::Conda)
        } else {
            None
        };
        Ok((target, marker))
    }

    /// Opens a directory of the project for reading; not what a link leads to.
    pub fn open_dir(&self, path: &RelPath) -> io::Result<Dir> {
        self.dir.open_dir_nofollow(path.as_path())
    }
}

fn leads_nowhere() -> io::Error {
    io::Error::other("is a link that leads nowhere")
}

/// Whether a directory is there, and no link on the way. `false` where that would take more
/// than one system call to say.
#[cfg(target_os = "linux")]
fn is_plain_directory(dir: &Dir, path: &RelPath) -> bool {
    use rustix::fs::{Mode, OFlags, ResolveFlags};
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(dir, path.as_path(), flags, Mode::empty(), resolve).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn is_plain_directory(_: &Dir, _: &RelPath) -> bool {
    false
}

/// Opens a directory outside of every project: where a link was seen to lead.
pub fn open_outside(path: &HostPath) -> io::Result<Dir> {
    Dir::open_ambient_dir(path.as_path(), ambient_authority())
}
