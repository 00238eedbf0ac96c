//! The receipt of a run: whether the hidden environments of the host were left alone.

mod file;
mod json;

use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::escape::shown;
use crate::fingerprint::{Difference, Fingerprint};
use crate::path::{HostPath, RelPath};
use crate::plan::{Plan, Shadow};
use crate::render::Engine;
use crate::workspace::{Workspace, open_outside};

use file::File;

pub use json::{Changes, text};

/// A receipt that is to be written when the run has ended.
#[derive(Debug)]
pub struct Receipt {
    file: File,
    before: Before,
}

impl Receipt {
    /// Looks at what the plan hides, and makes sure that the file can be written.
    pub fn begin(file: &Path, workspace: &Workspace, plan: &Plan) -> Result<Self> {
        let place = HostPath::nearest(file).ok();
        let hidden = |shadow: &&Shadow| {
            let directory = workspace.path().join(shadow.path());
            place.as_ref().is_some_and(|place| place.as_path().starts_with(directory.as_path()))
        };
        if let Some(shadow) = plan.shadows().iter().find(hidden) {
            let path = shown(shadow.path().as_str());
            return Err(Error::usage(format!(
                "a receipt in `{path}` would change what it tells of"
            ))
            .hint("let it lie elsewhere"));
        }
        let file = File::prepare(file)?;
        text(workspace.path())?;
        let before = Before::look(workspace, plan)?;
        before.can_be_said()?;
        Ok(Self { file, before })
    }

    /// Looks again, and writes what was seen, after a run that ended with this code.
    pub fn end(self, workspace: &Workspace, engine: Engine, code: u8) -> Result<Vec<Compared>> {
        let compared = self.before.compare(workspace)?;
        self.file.write(&json::receipt(workspace.path(), engine, code, &compared)?)?;
        Ok(compared)
    }
}

/// The environments of a plan as they were before a run.
#[derive(Debug)]
pub struct Before(Vec<Environment>);

/// One environment before.
#[derive(Debug)]
struct Environment {
    path: RelPath,
    /// Where it is on this machine, a link out of the project followed.
    directory: HostPath,
    outside: bool,
    /// Whether it is but a place for one.
    place: bool,
    before: Option<Fingerprint>,
}

/// One environment before and after a run.
#[derive(Debug)]
pub struct Compared {
    path: RelPath,
    directory: HostPath,
    before: Option<Fingerprint>,
    after: Option<Fingerprint>,
    differences: Vec<Difference>,
}

impl Before {
    /// Looks at every environment that the plan hides.
    pub fn look(workspace: &Workspace, plan: &Plan) -> Result<Self> {
        let look = |shadow: &Shadow| {
            let outside = !plan.is_inside(shadow);
            let directory = match outside {
                true => workspace.follow_outside(shadow.path()).map(|(directory, _)| directory),
                false => Ok(workspace.path().join(shadow.path())),
            };
            let (path, fail) = (shadow.path().clone(), |error| unseen(shadow.path(), &error));
            let (directory, place) = (directory.map_err(fail)?, shadow.is_place());
            let mut environment = Environment { path, directory, outside, place, before: None };
            environment.before = environment.now(workspace).map_err(fail)?;
            Ok(environment)
        };
        plan.shadows().iter().map(look).collect::<Result<_>>().map(Self)
    }

    /// Fails if JSON could not say where one of them is.
    pub fn can_be_said(&self) -> Result<()> {
        self.0.iter().try_for_each(|environment| text(&environment.directory).map(drop))
    }

    /// Looks again, at the same places.
    pub fn compare(self, workspace: &Workspace) -> Result<Vec<Compared>> {
        let compare = |environment: Environment| {
            let after =
                environment.now(workspace).map_err(|error| unseen(&environment.path, &error))?;
            let Environment { path, directory, before, .. } = environment;
            let differences = Fingerprint::differences(before.as_ref(), after.as_ref());
            Ok(Compared { path, directory, before, after, differences })
        };
        self.0.into_iter().map(compare).collect()
    }
}

impl Environment {
    /// The directory as it is now; `None` if it is not there. An empty one that is but a
    /// place may be a mount point that another run made, and removes when it ends.
    fn now(&self, workspace: &Workspace) -> io::Result<Option<Fingerprint>> {
        let opened = match self.outside {
            true => open_outside(&self.directory),
            false => workspace.open_dir(&self.path),
        };
        match opened {
            Ok(dir) => {
                let now = Fingerprint::take(dir)?;
                Ok((!self.place || now.entries() > 1).then_some(now))
            }
            Err(error) if gone(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether no directory stands at a path.
fn gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unseen(path: &RelPath, error: &io::Error) -> Error {
    Error::failed(format!("cannot look at the environment `{}`: {error}", shown(path.as_str())))
        .hint("without that, nothing can be said about it")
}

impl Compared {
    /// Which environment.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// How many entries it had; `None` if it was not there.
    pub fn entries(&self) -> Option<usize> {
        self.before.as_ref().map(Fingerprint::entries)
    }

    /// How many of them could not be read, and may therefore have changed unseen.
    pub fn unread(&self) -> usize {
        self.last().map_or(0, |tree| tree.unread().count())
    }

    /// The tree as it was seen last.
    fn last(&self) -> Option<&Fingerprint> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// What is not as it was.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What changed, in a few words; `None` if nothing did.
    pub fn summary(&self) -> Option<String> {
        let first = self.differences.first()?;
        let name = shown(&String::from_utf8_lossy(&first.name)).into_owned();
        Some(match self.differences.len() {
            1 => format!("`{name}` in it is not as it was"),
            count => format!("{count} entries of it are not as they were, `{name}` the first"),
        })
    }
}
