//! Where the file is: <https://containers.dev/implementors/spec/#devcontainerjson>.

use std::path::Path;

use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::workspace::Workspace;

/// The places that are searched, in this order.
pub(super) const PLACES: [&str; 2] = [".devcontainer/devcontainer.json", ".devcontainer.json"];

/// The directory whose subdirectories may each have a file, of which the specification lets the
/// user choose one.
const FOLDER: &str = ".devcontainer";

/// The most subdirectories of [`FOLDER`] that are looked into.
const MAX_FOLDERS: usize = 100;

/// As for `paude.json`.
const MAX_BYTES: u64 = 1 << 20;

/// A file's path and content.
pub(super) type FoundFile = (RelPath, Vec<u8>);

/// Reads the first of [`PLACES`]. Fails if there are only files that have to be named.
pub(super) fn search(workspace: &Workspace) -> Result<Option<FoundFile>> {
    for place in PLACES {
        let found = read(&parse_path(place)?, workspace)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let others = named_files(workspace);
    match others.first() {
        None => Ok(None),
        Some(first) => {
            let list: Vec<_> = others.iter().map(|path| format!("`{}`", shown(path))).collect();
            let message =
                format!("no devcontainer.json is in a usual place; there is {}", list.join(", "));
            Err(Error::usage(message).hint(format!("name one: --devcontainer {}", shown(first))))
        }
    }
}

/// Reads a file that a setting names, relative to the project.
pub(super) fn read_named(path: &str, workspace: &Workspace) -> Result<Option<FoundFile>> {
    read(&parse_path(path)?, workspace)
}

/// The files in the places that have to be named.
fn named_files(workspace: &Workspace) -> Vec<String> {
    let names = workspace.list_names(Path::new(FOLDER)).into_iter().take(MAX_FOLDERS);
    let names = names.filter_map(|name| name.into_string().ok());
    let files = names.map(|name| format!("{FOLDER}/{name}/devcontainer.json"));
    files.filter(|path| workspace.dir().metadata(path).is_ok_and(|data| data.is_file())).collect()
}

fn parse_path(text: &str) -> Result<RelPath> {
    RelPath::from_user_input(text).map_err(|fault| {
        Error::usage(format!("devcontainer `{}` {fault}", shown(text)))
            .hint("name a file inside the project, relative to it")
    })
}

fn read(path: &RelPath, workspace: &Workspace) -> Result<Option<FoundFile>> {
    let bytes = match workspace.read(path.as_path(), MAX_BYTES) {
        Ok(bytes) => bytes,
        // A component of the path is a file.
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => None,
        Err(error) => {
            return Err(Error::usage(format!("cannot read `{}`: {error}", shown(path.as_str())))
                .hint("it must be a regular file inside the project")
                .caused_by(error));
        }
    };
    Ok(bytes.map(|bytes| (path.clone(), bytes)))
}
