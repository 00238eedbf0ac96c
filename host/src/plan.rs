//! The trust boundary. [`Plan::check`] is the only constructor of a [`Plan`], so that renderers
//! and engines never meet an unchecked value.

mod check;
mod faults;
mod further;
mod json;
mod picture;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

use crate::deadline::{Deadline, PausedDeadline};
use crate::path::{ContainerPath, HostPath, RelPath};
use crate::project_python::ProjectPython;
use crate::value::{Network, Storage};
use crate::wit;

pub(crate) use check::MAX_ENTRIES;
pub use faults::PlanFaults;
pub(crate) use further::{Further, FurtherKind};

/// A directory of the project, by its name, and where in it its programs are. The directory of an
/// environment, which may have any name, is the primary one.
const PROGRAMS: [(&str, &str); 1] = [("node_modules", ".bin")];

/// An empty directory that hides one of the project's own. Untrusted text in it is escaped.
#[derive(Clone, Debug)]
pub(crate) struct Shadow {
    path: RelPath,
    target: ContainerPath,
    size: Option<u64>,
    storage: Storage,
    kind: FindingKind,
    python: Option<String>,
    home: Option<String>,
    reason: String,
}

impl Shadow {
    /// The path below the workspace: the hidden directory or, for one outside the workspace, the
    /// link that leads to it.
    pub(crate) fn path(&self) -> &RelPath {
        &self.path
    }

    /// The mount point of the empty directory.
    pub(crate) fn target(&self) -> &ContainerPath {
        &self.target
    }

    /// Whether the directory has the marker of a Python environment.
    pub(crate) fn is_python(&self) -> bool {
        matches!(self.kind, FindingKind::Venv | FindingKind::Conda)
    }

    /// Whether nothing shows that the directory is an environment: it does not exist, or has no
    /// marker.
    pub(crate) fn is_placeholder(&self) -> bool {
        matches!(self.kind, FindingKind::Reserved | FindingKind::Unmarked)
    }

    /// Whether the directory does not exist on the host, so that an engine creates it.
    pub(crate) fn is_reserved(&self) -> bool {
        self.kind == FindingKind::Reserved
    }

    /// The size limit in bytes.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// What the directory is stored in.
    pub(crate) fn storage(&self) -> Storage {
        self.storage
    }

    /// Whether what is created in it outlives the container.
    pub(crate) fn is_kept(&self) -> bool {
        self.storage == Storage::Volume
    }
}

/// A message for the user about a plan. Untrusted text in it is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// How important it is.
    pub(crate) severity: Severity,
    /// The path it is about, if it is about one.
    pub(crate) path: Option<String>,
    /// One sentence in lower case, without a full stop.
    pub(crate) message: String,
}

/// The mounts of a container: checked, sorted, and independent of any engine.
#[derive(Clone, Debug)]
pub struct Plan {
    workspace: HostPath,
    target: ContainerPath,
    shadows: Vec<Shadow>,
    notes: Vec<Note>,
    /// The index of the primary environment in `shadows`.
    primary: Option<usize>,
    /// The time that the check left for preparing the mount points.
    time_left: PausedDeadline,
    network: Network,
    python: ProjectPython,
    further: Vec<Further>,
}

impl Plan {
    /// The project on this machine.
    pub(crate) fn workspace(&self) -> &HostPath {
        &self.workspace
    }

    /// The project in the container, which is also the working directory.
    pub(crate) fn target(&self) -> &ContainerPath {
        &self.target
    }

    /// The shadows, sorted by path; none lies within another.
    pub(crate) fn shadows(&self) -> &[Shadow] {
        &self.shadows
    }

    /// Whether the hidden directory lies in the workspace, and not behind a link out of it.
    pub(crate) fn is_inside(&self, shadow: &Shadow) -> bool {
        shadow.target == self.target.join(&shadow.path)
    }

    /// Whether the entry `name` of the workspace's root is hidden, or anything in it.
    pub(crate) fn hides(&self, name: &str) -> bool {
        let is_in_entry = |shadow: &Shadow| shadow.path.as_str().split('/').next() == Some(name);
        self.shadows.iter().any(is_in_entry)
    }

    /// The notes of the policies, then those of the host.
    pub(crate) fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The end of the time for preparing the mount points: what the policies and the check left
    /// of theirs begins now.
    pub(crate) fn start_deadline(&self) -> Deadline {
        self.time_left.resume()
    }

    /// The same plan with no time left.
    #[cfg(test)]
    pub(crate) fn expired(self) -> Self {
        Self { time_left: self.time_left.expired(), ..self }
    }

    /// The environment whose `bin` comes first on PATH, if the policy chose one.
    pub(crate) fn primary(&self) -> Option<&Shadow> {
        self.primary.and_then(|index| self.shadows.get(index))
    }

    /// The directories of programs that come first on PATH, after the `bin` of the primary
    /// environment: those in hidden directories at the top of the project. One with `:` in its
    /// path cannot be on PATH.
    pub(crate) fn program_dirs(&self) -> impl Iterator<Item = ContainerPath> {
        PROGRAMS.iter().filter_map(|(name, below)| {
            let shadow = self.shadows.iter().find(|shadow| shadow.path.as_str() == *name)?;
            let dir = shadow.target.join(&RelPath::parse(below).ok()?);
            Some(dir).filter(|dir| !dir.divides_path())
        })
    }

    /// What the container can reach.
    pub(crate) fn network(&self) -> Network {
        self.network
    }

    /// The Python that the project means.
    pub(crate) fn python(&self) -> &ProjectPython {
        &self.python
    }

    /// The directories that are shared besides the project.
    pub(crate) fn further(&self) -> &[Further] {
        &self.further
    }
}

/// How important a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Information.
    Info,
    /// A risk, or a request that could not be met.
    Warning,
}

impl Severity {
    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

impl From<wit::Backing> for Storage {
    fn from(backing: wit::Backing) -> Self {
        match backing {
            wit::Backing::Tmpfs => Self::Tmpfs,
            wit::Backing::Volume => Self::Volume,
        }
    }
}

impl From<wit::Severity> for Severity {
    fn from(severity: wit::Severity) -> Self {
        match severity {
            wit::Severity::Info => Self::Info,
            wit::Severity::Warning => Self::Warning,
        }
    }
}

/// The kind of a hidden directory, as `kind` in the WIT package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FindingKind {
    /// A Python virtual environment.
    Venv,
    /// A conda prefix.
    Conda,
    /// A directory without a marker.
    Unmarked,
    /// A directory that does not exist yet.
    Reserved,
    /// A link out of the project.
    Unseen,
    /// Any other kind, with the policy's name for it.
    Other(String),
}

impl FindingKind {
    /// The name in JSON and in messages.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Venv => "venv",
            Self::Conda => "conda",
            Self::Unmarked => "unmarked",
            Self::Reserved => "reserved",
            Self::Unseen => "unseen",
            Self::Other(name) => name,
        }
    }
}

impl From<&wit::Kind> for FindingKind {
    fn from(kind: &wit::Kind) -> Self {
        match kind {
            wit::Kind::Venv => Self::Venv,
            wit::Kind::Conda => Self::Conda,
            wit::Kind::Unmarked => Self::Unmarked,
            wit::Kind::Reserved => Self::Reserved,
            wit::Kind::Unseen => Self::Unseen,
            wit::Kind::Other(name) => Self::Other(name.clone()),
        }
    }
}
