//! The user's own directories, by the XDG Base Directory Specification.

mod exclusive;
mod whole;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::escape::shown_path;
use crate::path::HostPath;
pub(crate) use exclusive::{check_exclusive, create_exclusive};
pub(crate) use whole::{UNFINISHED, replace_file};

/// `paude` in `$XDG_CONFIG_HOME`, or in `~/.config`.
pub(crate) fn config_dir() -> Option<PathBuf> {
    xdg_dir("XDG_CONFIG_HOME", ".config")
}

/// `paude` in `$XDG_CACHE_HOME`, or in `~/.cache`.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    xdg_dir("XDG_CACHE_HOME", ".cache")
}

/// `paude` in `$XDG_STATE_HOME`, or in `~/.local/state`.
pub(crate) fn state_dir() -> Option<PathBuf> {
    xdg_dir("XDG_STATE_HOME", ".local/state")
}

/// `$HOME`, if it is an absolute path.
pub(crate) fn home_dir() -> Option<PathBuf> {
    absolute_path_from("HOME")
}

#[expect(clippy::disallowed_methods, reason = "these variables name the user's directories")]
fn absolute_path_from(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// `None` if neither variable is an absolute path: the specification has relative ones ignored.
fn xdg_dir(variable: &str, below_home: &str) -> Option<PathBuf> {
    let base = absolute_path_from(variable).or_else(|| Some(home_dir()?.join(below_home)))?;
    Some(base.join("paude"))
}

/// Creates a directory with mode 0700 if necessary, for records that paude trusts, and returns its
/// real path. Fails if it lies in `workspace`, where a container could write them, or if it is not
/// this user's.
pub(crate) fn create_private(dir: &Path, workspace: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    check_creatable(dir)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let real = HostPath::resolve(dir)?;
    if real.as_path().starts_with(workspace) {
        return Err(io::Error::other("it lies in the project"));
    }
    if std::fs::metadata(real.as_path())?.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is not yours"));
    }
    Ok(real.as_path().to_owned())
}

/// Fails if creating the directory would leave files of this user in another user's directory:
/// what root creates in the HOME that `sudo` keeps locks its owner out. Directories owned by
/// root or with the sticky bit need no check.
pub(crate) fn check_creatable(dir: &Path) -> io::Result<()> {
    const STICKY: u32 = 0o1000;
    let existing = HostPath::canonicalize_existing_prefix(dir)?;
    let metadata = std::fs::metadata(existing.as_path())?;
    let user = rustix::process::geteuid().as_raw();
    if [user, 0].contains(&metadata.uid()) || metadata.mode() & STICKY != 0 {
        return Ok(());
    }
    let existing = shown_path(existing.as_path());
    Err(io::Error::other(format!("`{existing}` belongs to another user")))
}
