//! Directories in which only the user can write, for what paude trusts without a further check.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::path::HostPath;

/// Creates a directory if it is missing, and returns its real path. Fails where others could change
/// what is in it, and for one in the workspace, where containers can write. `variable` moves it.
pub(crate) fn create_exclusive(
    path: &Path,
    workspace: Option<&Path>,
    variable: &str,
) -> Result<PathBuf> {
    let fail = |error: std::io::Error| Error::failed(error.to_string());
    // Checked before anything is created: a directory that root creates in the HOME that `sudo`
    // preserved locks its owner out, and one created in a project stays there.
    let existing = HostPath::canonicalize_existing_prefix(path).map_err(fail)?;
    for place in [path, existing.as_path()] {
        check_place(place, workspace, variable)?;
    }
    check_ancestors(existing.as_path(), variable)?;
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
    let real = HostPath::resolve(path).map_err(fail)?;
    check_exclusive(real.as_path(), workspace, variable)?;
    Ok(real.as_path().to_owned())
}

/// Fails with the reason if what is in this directory, a real path, cannot be trusted.
pub(crate) fn check_exclusive(
    directory: &Path,
    workspace: Option<&Path>,
    variable: &str,
) -> Result<()> {
    check_place(directory, workspace, variable)?;
    if workspace.is_some_and(|workspace| workspace.starts_with(directory)) {
        let what = "this project is inside it, and containers can write there";
        return Err(Error::failed(what).hint(move_hint(variable)));
    }
    let data = match std::fs::symlink_metadata(directory) {
        Ok(data) => data,
        Err(error) => return Err(Error::failed(error.to_string())),
    };
    if !data.is_dir() {
        return Err(Error::failed("it is not a directory").hint("remove it"));
    }
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::failed("it belongs to another user").hint(move_hint(variable)));
    }
    let mode = data.mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("other users have access to it (mode {mode:o})");
        return Err(Error::failed(what).hint(format!("chmod 700 {}", shown_path(directory))));
    }
    directory.parent().map_or(Ok(()), |parent| check_ancestors(parent, variable))
}

fn move_hint(variable: &str) -> String {
    format!("set {variable} to a directory of your own, outside the project")
}

fn check_place(directory: &Path, workspace: Option<&Path>, variable: &str) -> Result<()> {
    if workspace.is_some_and(|workspace| directory.starts_with(workspace)) {
        let what = "it is inside this project, where containers can write";
        return Err(Error::failed(what).hint(move_hint(variable)));
    }
    Ok(())
}

/// Fails if a user other than root could rename or replace the entries of a directory, from this
/// one up.
fn check_ancestors(directory: &Path, variable: &str) -> Result<()> {
    const STICKY: u32 = 0o1000;
    let user = rustix::process::geteuid().as_raw();
    let found = directory.ancestors().find(|ancestor| {
        let Ok(data) = std::fs::symlink_metadata(ancestor) else { return true };
        let others_write = data.mode() & 0o022 != 0 && data.mode() & STICKY == 0;
        others_write || (data.uid() != user && data.uid() != 0)
    });
    let Some(ancestor) = found.map(shown_path) else { return Ok(()) };
    let what = format!("its parent `{ancestor}` belongs to another user or is writable by others");
    Err(Error::failed(what).hint(format!("chmod go-w {ancestor}, or {}", move_hint(variable))))
}
