//! Where in the user's state directory the journal and the records of a workspace are.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::MetadataExt as _;

use crate::escape::shown_path;
use crate::home;
use crate::path::HostPath;
use crate::workspace::Workspace;

/// The files of one workspace. Their names begin with the device and inode of the workspace, so
/// that they stay the same if the workspace is renamed.
#[derive(Clone, Debug)]
pub(super) struct StateDir {
    dir: PathBuf,
    key: String,
}

impl StateDir {
    /// Finds the directory, which may not exist yet. Fails if it lies in the workspace, because a
    /// container could then write what paude trusts.
    pub(super) fn locate(workspace: &Workspace) -> io::Result<Self> {
        let dir = home::state_dir().ok_or_else(|| {
            io::Error::other("neither XDG_STATE_HOME nor HOME is an absolute path")
        })?;
        let data = workspace.dir().dir_metadata()?;
        let key = format!("{:x}-{:x}", data.dev(), data.ino());
        let state = Self { dir, key };
        let existing = HostPath::canonicalize_existing_prefix(&state.dir)
            .map_err(|error| state.with_path(&error))?;
        if existing.as_path().starts_with(workspace.path().as_path()) {
            return Err(state.with_path(&io::Error::other("it lies in the project")));
        }
        Ok(state)
    }

    /// The same, and creates it.
    pub(super) fn open(workspace: &Workspace) -> io::Result<Self> {
        let state = Self::locate(workspace)?;
        home::check_creatable(&state.dir).map_err(|error| state.with_path(&error))?;
        #[expect(clippy::disallowed_methods, reason = "it is outside the workspace")]
        std::fs::create_dir_all(&state.dir).map_err(|error| state.with_path(&error))?;
        Ok(state)
    }

    /// That of a test.
    #[cfg(test)]
    pub(super) fn of_test(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), key: "0-0".to_owned() }
    }

    /// The journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join(format!("{}.journal", self.key))
    }

    /// The directory with the records of the running sessions.
    pub(super) fn sessions(&self) -> PathBuf {
        self.dir.join(format!("{}{SESSIONS}", self.key))
    }

    /// The log of the session that stays.
    pub(super) fn log(&self) -> PathBuf {
        self.dir.join(format!("{}.log", self.key))
    }

    /// Adds the path to an error.
    pub(super) fn with_path(&self, error: &io::Error) -> io::Error {
        fault(&self.journal(), error)
    }
}

/// How the name of a directory with records ends.
const SESSIONS: &str = ".sessions";

/// The directories with the records of all workspaces.
#[expect(clippy::disallowed_methods, reason = "it is outside the workspace")]
pub(super) fn all_sessions() -> Vec<PathBuf> {
    let entries = home::state_dir().and_then(|dir| std::fs::read_dir(dir).ok());
    let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().ends_with(SESSIONS)).collect()
}

/// An error with a path in front.
pub(super) fn fault(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", shown_path(path)))
}
