//! The trust boundary. A [`Plan`] comes from [`Plan::check`] and nowhere else, so
//! nothing behind it meets an unchecked value.

mod check;
mod faults;
mod json;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod picture;

use crate::path::{ContainerPath, HostPath, RelPath};
use crate::value::Storage;
use crate::wit;

pub use faults::Report;

/// What people call an environment, in the usual order.
const NAMES: [&str; 5] = [".venv", "venv", ".virtualenv", "env", ".env"];

/// One environment, hidden.
#[derive(Clone, Debug)]
pub struct Shadow {
    path: RelPath,
    target: ContainerPath,
    size: Option<u64>,
    storage: Storage,
    kind: String,
    python: Option<String>,
    home: Option<String>,
    reason: String,
}

impl Shadow {
    /// Where it is below the workspace: the directory itself or, for one outside
    /// the workspace, the link that leads to it.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// Where the empty directory is mounted.
    pub fn target(&self) -> &ContainerPath {
        &self.target
    }

    /// Whether an environment of Python is there, and not just a place for one.
    pub fn is_python(&self) -> bool {
        matches!(self.kind.as_str(), "venv" | "conda")
    }

    /// Whether it is but a place for one: nothing was there, or what any directory could be.
    pub fn is_place(&self) -> bool {
        matches!(self.kind.as_str(), "reserved" | "unmarked")
    }

    /// Size limit in bytes.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// What stands behind it.
    pub fn storage(&self) -> Storage {
        self.storage
    }

    /// `X.Y` of the Python it was made with, if that is known.
    pub fn python_series(&self) -> Option<String> {
        let mut parts = self.python.as_deref()?.splitn(3, '.');
        let (major, minor) = (parts.next()?, parts.next()?);
        let numeric = |part: &str| {
            !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit())
        };
        (numeric(major) && numeric(minor)).then(|| format!("{major}.{minor}"))
    }
}

/// Something the person should know; foreign text in it is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether it is a risk, or a wish not met.
    pub warning: bool,
    /// The path it is about.
    pub path: Option<String>,
    /// One sentence.
    pub message: String,
}

/// What the container will look like: checked, sorted, in no engine's language.
#[derive(Clone, Debug)]
pub struct Plan {
    workspace: HostPath,
    target: ContainerPath,
    shadows: Vec<Shadow>,
    notes: Vec<Note>,
    listed: Vec<RelPath>,
}

impl Plan {
    /// The project on this machine.
    pub fn workspace(&self) -> &HostPath {
        &self.workspace
    }

    /// The project in the container; also its working directory.
    pub fn target(&self) -> &ContainerPath {
        &self.target
    }

    /// What is hidden, sorted by path; none lies within another.
    pub fn shadows(&self) -> &[Shadow] {
        &self.shadows
    }

    /// Whether an environment lies in the project, and not behind a link out of it.
    pub fn is_inside(&self, shadow: &Shadow) -> bool {
        shadow.target == self.target.join(&shadow.path)
    }

    /// What the person should know.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The environment whose `bin` comes first on PATH: the first that was listed,
    /// else the one in the workspace's root that the usual order of names prefers.
    pub fn primary(&self) -> Option<&Shadow> {
        let at = |path: &str| self.shadows.iter().find(|shadow| shadow.path.as_str() == path);
        let listed = self.listed.first().and_then(|path| at(path.as_str()));
        listed.or_else(|| NAMES.into_iter().find_map(at))
    }
}

impl From<&wit::Kind> for String {
    fn from(kind: &wit::Kind) -> Self {
        match kind {
            wit::Kind::Venv => "venv".to_owned(),
            wit::Kind::Conda => "conda".to_owned(),
            wit::Kind::Unmarked => "unmarked".to_owned(),
            wit::Kind::Reserved => "reserved".to_owned(),
            wit::Kind::Unseen => "unseen".to_owned(),
            wit::Kind::Other(name) => name.clone(),
        }
    }
}
