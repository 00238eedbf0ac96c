//! The project directory, opened once.
//!
//! Every read of the project goes through this one handle: of `paude.json`, by a policy, and in
//! the check of its result. Resolution below the handle therefore catches a link out of the
//! project, and no comparison of path strings has to.

mod identity;
mod probe;
mod space;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt as _};

use crate::bounded_read;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::path::{ContainerPath, HostPath, RelPath};
use probe::Probe;

pub(crate) use identity::Identity;
pub(crate) use space::free_memory;

/// The most attempts to inspect a path that changes meanwhile.
const MAX_ATTEMPTS: u32 = 100;

/// A file or directory that identifies an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// The file `pyvenv.cfg` (PEP 405).
    Venv,
    /// The directory `conda-meta`.
    Conda,
    /// The files `bin/activate` and `bin/python`, which virtualenv before version 20 created.
    Virtualenv,
}

impl Marker {
    /// Finds a marker. `is_dir` returns whether a path in the environment is a directory, or
    /// `None` if it does not exist.
    fn find(is_dir: impl Fn(&str) -> Option<bool>) -> Option<Self> {
        if is_dir("pyvenv.cfg") == Some(false) {
            Some(Self::Venv)
        } else if is_dir("conda-meta") == Some(true) {
            Some(Self::Conda)
        } else if is_dir("bin/activate") == Some(false) && is_dir("bin/python") == Some(false) {
            Some(Self::Virtualenv)
        } else {
            None
        }
    }
}

/// Directories of the system, which are too wide for a project.
const SYSTEM_DIRS: [&str; 16] = [
    "/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/root", "/run",
    "/sbin", "/srv", "/tmp", "/usr", "/var",
];

/// What a path of the workspace leads to, with links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathState {
    /// A directory, with its path after all links are resolved.
    Directory(RelPath),
    /// Nothing. These directories have to be created.
    Missing(MissingDirs),
    /// A file of any type but a directory.
    File,
    /// A link that leaves the workspace.
    Outside,
}

/// The directories to create so that a path exists, with the links in it resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingDirs {
    path: RelPath,
    /// How many components of the path exist.
    existing: usize,
}

impl MissingDirs {
    /// The innermost directory.
    pub(crate) fn last(&self) -> &RelPath {
        &self.path
    }

    /// All of them, outermost first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = RelPath> {
        self.path.to_prefixes().skip(self.existing)
    }
}

/// The open project directory.
#[derive(Debug)]
pub struct Workspace {
    path: HostPath,
    target: ContainerPath,
    dir: Dir,
    /// How often a path was looked up.
    #[cfg(test)]
    lookups: std::sync::atomic::AtomicU64,
}

impl Workspace {
    /// Opens the directory and resolves links in its path. Fails for `/`, and for a directory
    /// that a container has to provide itself, such as `/proc`.
    pub fn open(path: &Path) -> Result<Self> {
        let fail = |error: io::Error| {
            Error::usage(format!("cannot open workspace `{}`: {error}", shown_path(path)))
        };
        let path = HostPath::resolve(path).map_err(fail)?;
        if path.as_path().parent().is_none() {
            return Err(Error::usage("the workspace cannot be the root directory `/`")
                .hint("change to your project, or name it with -C"));
        }
        let target = ContainerPath::new(path.as_path()).ok_or_else(|| {
            let path = shown_path(path.as_path());
            Error::usage(format!(
                "`{path}` cannot be a workspace: containers provide it themselves"
            ))
        })?;
        let dir = Dir::open_ambient_dir(path.as_path(), ambient_authority()).map_err(fail)?;
        Ok(Self {
            path,
            target,
            dir,
            #[cfg(test)]
            lookups: std::sync::atomic::AtomicU64::new(0),
        })
    }

    /// The path on this machine.
    pub(crate) fn path(&self) -> &HostPath {
        &self.path
    }

    /// Whether its path still leads to the open directory.
    pub(crate) fn is_in_place(&self) -> bool {
        use cap_std::fs::MetadataExt as _;
        use std::os::unix::fs::MetadataExt as _;
        let open = self.dir.dir_metadata().map(|data| (data.dev(), data.ino()));
        let now = std::fs::metadata(self.path.as_path()).map(|data| (data.dev(), data.ino()));
        open.is_ok_and(|open| now.is_ok_and(|now| now == open))
    }

    /// The path in the container, which is the same as on this machine.
    pub(crate) fn target(&self) -> &ContainerPath {
        &self.target
    }

    /// Duplicates the handle, for a policy to read through.
    pub(crate) fn try_clone(&self) -> io::Result<std::fs::File> {
        self.dir.try_clone().map(Dir::into_std_file)
    }

    /// The handle, for creating and removing mount points below it.
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Reads a regular file of at most `limit` bytes. Returns `None` if it does not exist, and
    /// fails for a dangling link.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(bounded_read::NONBLOCKING);
        match self.dir.open_with(path, &options) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.is_link(path) {
                true => Err(leads_nowhere()),
                false => Ok(None),
            },
            opened => bounded_read::read(opened?.into_std(), limit).map(Some),
        }
    }

    /// Follows a path without leaving the workspace. Other runs create and remove mount points
    /// meanwhile, so a path that appears or disappears during the inspection is inspected again.
    pub(crate) fn inspect_path(&self, path: &RelPath) -> io::Result<PathState> {
        self.inspect_path_while(path, || true)
    }

    /// Like [`Self::inspect_path`], but inspects the path again only if `may_retry`.
    pub(crate) fn inspect_path_while(
        &self,
        path: &RelPath,
        may_retry: impl Fn() -> bool,
    ) -> io::Result<PathState> {
        for _ in 1..MAX_ATTEMPTS {
            match self.inspect_once(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && may_retry() => {}
                state => return state,
            }
        }
        self.inspect_once(path)
    }

    fn inspect_once(&self, path: &RelPath) -> io::Result<PathState> {
        let has_link = match self.probe(path) {
            Probe::Directory => return Ok(PathState::Directory(path.clone())),
            Probe::Link => true,
            Probe::Other => false,
            Probe::Unknown => self.has_link(path),
        };
        match self.resolve(path.as_path()) {
            Ok((_, data)) if !data.is_dir() => Ok(PathState::File),
            Ok((real, _)) if matches!(real.to_str(), Some("" | ".")) => {
                Err(io::Error::other("leads to the workspace itself"))
            }
            Ok((real, _)) => match real.to_str().and_then(|text| RelPath::parse(text).ok()) {
                Some(real) => Ok(PathState::Directory(real)),
                None => {
                    Err(io::Error::other("leads to a directory whose name is not representable"))
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.find_missing(path),
            // cap-std returns this error for a link, or a chain of links, out of the handle.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && has_link => {
                Ok(PathState::Outside)
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(PathState::File),
            Err(error) => Err(error),
        }
    }

    /// Resolves the links in a path, and reads the metadata of what it leads to.
    fn resolve(&self, path: &Path) -> io::Result<(PathBuf, Metadata)> {
        self.count_lookup();
        let real = self.dir.canonicalize(path)?;
        // Linux returns `NAME (deleted)` for a directory that was just removed; reading its
        // metadata turns that into "not found".
        let data = self.metadata(&real)?;
        Ok((real, data))
    }

    /// The directories to create so that `path` exists. Fails with "not found" if another run
    /// has created one meanwhile, and for a dangling link on the way: engines would follow it
    /// and create directories where it leads.
    fn find_missing(&self, path: &RelPath) -> io::Result<PathState> {
        let prefixes: Vec<_> = path.prefixes().collect();
        // If a prefix exists, so do all shorter ones: a few of them are looked up, not all.
        let outer = &prefixes[..prefixes.len() - 1];
        let existing = outer.partition_point(|prefix| self.metadata(prefix.as_ref()).is_ok());
        match self.symlink_metadata(prefixes[existing].as_ref()) {
            Ok(data) if data.is_symlink() => return Err(leads_nowhere()),
            Ok(_) => return Err(io::ErrorKind::NotFound.into()),
            Err(_) => {}
        }
        let (mut real, rest) = match existing {
            0 => (PathBuf::new(), path.as_str()),
            _ => {
                let prefix = prefixes[existing - 1];
                (self.resolve(prefix.as_ref())?.0, &path.as_str()[prefix.len() + 1..])
            }
        };
        if real == Path::new(".") {
            real = PathBuf::new(); // a link to the workspace itself
        }
        let existing = real.components().count();
        real.push(rest);
        match real.to_str().and_then(|text| RelPath::parse(text).ok()) {
            Some(path) => Ok(PathState::Missing(MissingDirs { path, existing })),
            None => Err(io::Error::other("lies in a directory whose name is not representable")),
        }
    }

    /// Whether a component of the path is a link. The check cannot leave the workspace, because
    /// cap-std does not look behind a link out of the handle.
    fn has_link(&self, path: &RelPath) -> bool {
        path.as_path().ancestors().any(|part| self.is_link(part))
    }

    fn is_link(&self, path: &Path) -> bool {
        self.symlink_metadata(path).is_ok_and(|data| data.is_symlink())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.count_lookup();
        self.dir.metadata(path)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.count_lookup();
        self.dir.symlink_metadata(path)
    }

    fn probe(&self, path: &RelPath) -> Probe {
        self.count_lookup();
        Probe::of(&self.dir, path)
    }

    #[cfg(test)]
    fn count_lookup(&self) {
        self.lookups.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    #[cfg(not(test))]
    fn count_lookup(&self) {}

    /// How often a path was looked up so far.
    #[cfg(test)]
    pub(crate) fn lookups(&self) -> u64 {
        self.lookups.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Lists the names in a directory (`""` for the root), sorted; none if it cannot be read.
    pub(crate) fn list_names(&self, dir: &Path) -> Vec<std::ffi::OsString> {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let entries = self.dir.read_dir(dir).into_iter().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
        names.sort();
        names
    }

    /// Finds the marker in a directory of the workspace.
    pub(crate) fn find_marker(&self, path: &RelPath) -> Option<Marker> {
        let metadata = |name: &str| self.metadata(&path.as_path().join(name)).ok();
        Marker::find(|name| metadata(name).map(|data| data.is_dir()))
    }

    /// Follows a link out of the workspace, and finds the marker behind it. Nothing else in
    /// paude looks outside the workspace for a policy, and this opens no file there.
    pub(crate) fn follow_outside(&self, path: &RelPath) -> io::Result<(HostPath, Option<Marker>)> {
        self.count_lookup();
        let target = HostPath::resolve(self.path.join(path).as_path())?;
        let metadata = |name: &str| std::fs::metadata(target.as_path().join(name)).ok();
        let marker = Marker::find(|name| metadata(name).map(|data| data.is_dir()));
        Ok((target, marker))
    }

    /// A predicate that describes a directory too wide for a project: one that contains the home
    /// directory, or one of the system. `None` for any other.
    pub(crate) fn describe_breadth(&self) -> Option<&'static str> {
        let path = self.path.as_path();
        let home = crate::home::home_dir().and_then(|home| HostPath::resolve(&home).ok());
        if home.is_some_and(|home| home.as_path().starts_with(path)) {
            return Some("is or contains your home directory");
        }
        let is_system = SYSTEM_DIRS.iter().any(|system| path == Path::new(system));
        is_system.then_some("is a system directory")
    }

    /// A predicate that describes a directory with paude's own settings, records or code in it,
    /// all of which paude trusts, or one within them. `None` for any other.
    pub(crate) fn describe_own(&self) -> Option<&'static str> {
        let path = self.path.as_path();
        let own = [crate::home::config_dir(), crate::home::state_dir(), crate::home::cache_dir()];
        let is_own = own.iter().flatten().any(|own| {
            let lies_in = HostPath::resolve(own).is_ok_and(|own| path.starts_with(own.as_path()));
            // The directory may not exist yet.
            lies_in
                || HostPath::canonicalize_existing_prefix(own)
                    .is_ok_and(|own| own.as_path().starts_with(path))
        });
        is_own.then_some("holds paude's own settings, records or cache")
    }

    /// Whether the mount of the directory, or its file system, is read-only.
    pub(crate) fn is_read_only(&self) -> bool {
        let mount = rustix::fs::fstatvfs(&self.dir);
        mount.is_ok_and(|mount| mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
    }

    /// Opens a directory of the project for reading. Fails if the last component is a link.
    pub(crate) fn open_dir(&self, path: &RelPath) -> io::Result<Dir> {
        self.dir.open_dir_nofollow(path.as_path())
    }
}

fn leads_nowhere() -> io::Error {
    io::Error::other("is a link that leads nowhere")
}

/// Opens a directory outside the workspace that a link was followed to.
pub(crate) fn open_outside(path: &HostPath) -> io::Result<Dir> {
    Dir::open_ambient_dir(path.as_path(), ambient_authority())
}
