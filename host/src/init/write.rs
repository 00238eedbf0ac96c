//! Writing `paude.json` as a whole or not at all.

use std::io::{self, ErrorKind, Write as _};

use cap_std::fs::{Dir, OpenOptions};
use rustix::fs::{RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::error::{Error, Result};
use crate::workspace::Workspace;

const NAME: &str = "paude.json";

/// Writes the file into the project. An existing one is only replaced with `force`, and a link is
/// replaced itself: nothing is written where it leads.
pub(crate) fn write(workspace: &Workspace, text: &str, force: bool) -> Result<()> {
    create(workspace.dir(), text.as_bytes(), force).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::usage(format!("`{NAME}` exists already")).hint("--force replaces it")
        }
        _ => Error::failed(format!("cannot write `{NAME}`: {error}")).caused_by(error),
    })
}

fn create(dir: &Dir, bytes: &[u8], force: bool) -> io::Result<()> {
    if !force && dir.symlink_metadata(NAME).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    // Not the name of another run, nor of one that was killed.
    let temporary = format!(".{NAME}.{}", std::process::id());
    let mut file = dir.open_with(&temporary, OpenOptions::new().write(true).create_new(true))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let moved = written.and_then(|()| match force {
        true => dir.rename(&temporary, dir, NAME),
        false => move_to_new(dir, &temporary),
    });
    if moved.is_err() {
        let _ = dir.remove_file(&temporary);
    }
    moved
}

/// Renames the file unless there is another by that time.
fn move_to_new(dir: &Dir, temporary: &str) -> io::Result<()> {
    match renameat_with(dir, temporary, dir, NAME, RenameFlags::NOREPLACE) {
        // Some file systems have no such renaming; a link is as good.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            dir.hard_link(temporary, dir, NAME)?;
            dir.remove_file(temporary)
        }
        result => result.map_err(io::Error::from),
    }
}
