//! The person's own directories, as the XDG Base Directory Specification has them.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::escape::shown_path;
use crate::path::HostPath;

/// `paude` in `$XDG_CONFIG_HOME`, or in `~/.config`.
pub(crate) fn config() -> Option<PathBuf> {
    directory("XDG_CONFIG_HOME", ".config")
}

/// `paude` in `$XDG_CACHE_HOME`, or in `~/.cache`.
pub(crate) fn cache() -> Option<PathBuf> {
    directory("XDG_CACHE_HOME", ".cache")
}

/// `paude` in `$XDG_STATE_HOME`, or in `~/.local/state`.
pub(crate) fn state() -> Option<PathBuf> {
    directory("XDG_STATE_HOME", ".local/state")
}

/// `None` where neither variable is an absolute path: relative ones are to be ignored.
fn directory(variable: &str, below_home: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "this is where the person's files are found")]
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(base.join("paude"))
}

/// Fails where a directory would be made in another person's. What root makes in the HOME
/// that `sudo` kept locks its owner out. What is root's, or shared, tells by itself.
pub(crate) fn may_be_made(dir: &Path) -> io::Result<()> {
    const STICKY: u32 = 0o1000;
    let place = HostPath::nearest(dir)?;
    let data = std::fs::metadata(place.as_path())?;
    let person = rustix::process::geteuid().as_raw();
    if [person, 0].contains(&data.uid()) || data.mode() & STICKY != 0 {
        return Ok(());
    }
    let place = shown_path(place.as_path());
    Err(io::Error::other(format!("`{place}` belongs to another person")))
}
