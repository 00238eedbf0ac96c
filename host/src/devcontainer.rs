//! The file of the Development Container Specification (`devcontainer.json`): what of it paude
//! takes as settings, and warnings about the rest.
//!
//! It comes with the repository, so it only chooses what happens in the container. Nothing in it
//! is run on the host, and no variable of the host reaches it.

mod build;
mod commands;
mod document;
mod env;
mod find;
mod jsonc;
mod mounts;
mod settings;
mod summary;
#[cfg(test)]
mod tests;
mod variables;
mod warnings;

pub(crate) use build::Build;
pub(crate) use env::{LateVariable, script};
pub(crate) use settings::Settings;
pub(crate) use summary::Unused;

use crate::error::{Error, Result};
use crate::escape::{brief, shown};
use crate::value::DevcontainerChoice;
use crate::workspace::Workspace;

/// Reads the file that the setting names, or searches for it. Returns `None` if there is none.
///
/// Fails for a file that cannot be read or parsed, and if a search finds files only in places
/// that have to be named.
pub(crate) fn load(choice: &DevcontainerChoice, workspace: &Workspace) -> Result<Option<Settings>> {
    let found = match choice {
        DevcontainerChoice::Off => return Ok(None),
        DevcontainerChoice::File(path) => find::read_named(path, workspace)?,
        DevcontainerChoice::Search => find::search(workspace)?,
    };
    let Some((name, bytes)) = found else { return Ok(None) };
    let document = jsonc::parse(&shown(name.as_str()), &bytes)?;
    Settings::new(&name, document, workspace).map(Some)
}

/// The error for a file that a setting or an option asks for and that does not exist.
pub(crate) fn missing_error(choice: &DevcontainerChoice) -> Error {
    match choice {
        DevcontainerChoice::File(path) => Error::usage(format!("there is no `{}`", brief(path)))
            .hint("name a file inside the project, relative to it"),
        _ => {
            Error::usage(format!("there is no `{}` and no `{}`", find::PLACES[0], find::PLACES[1]))
                .hint("name the file: --devcontainer FILE")
        }
    }
}
