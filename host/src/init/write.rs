//! Writing `paude.json`.

use std::io::ErrorKind;

use crate::error::{Error, Result};
use crate::whole_file::WholeFile;
use crate::workspace::Workspace;

const NAME: &str = "paude.json";

/// Writes the file into the project. An existing one is only replaced with `force`, and a link is
/// replaced itself: nothing is written where it leads.
pub(crate) fn write(workspace: &Workspace, text: &str, force: bool) -> Result<()> {
    let write = || {
        let file = WholeFile::within(workspace.dir(), workspace.path(), NAME)?;
        if force { file.replace(text) } else { file.create(text) }
    };
    write().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::usage(format!("`{NAME}` exists already")).hint("--force replaces it")
        }
        _ => Error::failed(format!("cannot write `{NAME}`: {error}")).caused_by(error),
    })
}
