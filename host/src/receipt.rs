//! The receipt of a run: whether the hidden environments of the host changed.

mod json;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::fingerprint::{Difference, Fingerprint};
use crate::json_line;
use crate::path::{HostPath, RelPath};
use crate::plan::{Plan, Shadow};
use crate::whole_file::WholeFile;
use crate::workspace::{Workspace, open_outside};

pub(crate) use json::EnvironmentChanges;

/// A receipt to be written after the run.
#[derive(Debug)]
pub(crate) struct Receipt {
    file: WholeFile,
    /// What messages call the file.
    shown: String,
    before: EnvironmentsBefore,
}

impl Receipt {
    /// Takes the fingerprints of what the plan hides. Fails if the file cannot be written, or
    /// lies in a hidden directory.
    pub(crate) fn prepare(file: &Path, workspaces: &[&Workspace], plan: &Plan) -> Result<Self> {
        let path = HostPath::canonicalize_existing_prefix(file).ok();
        let contains_file = |directory: &HostPath| {
            path.as_ref().is_some_and(|path| path.as_path().starts_with(directory.as_path()))
        };
        let hidden = plan.parts().flat_map(|part| {
            part.shadows().iter().map(|shadow| (shadow, part.workspace().join(shadow.path())))
        });
        if let Some((shadow, _)) = hidden.into_iter().find(|(_, path)| contains_file(path)) {
            let path = shown(shadow.path().as_str());
            return Err(Error::usage(format!(
                "a receipt in `{path}` would change the environment that it describes"
            ))
            .hint("write it to a file outside of it"));
        }
        let (file, shown) = (open(file, plan)?, shown_path(file));
        json_line::path_str(plan.workspace().as_path())?;
        let before = EnvironmentsBefore::capture(workspaces, plan)?;
        before.check_representable()?;
        Ok(Self { file, shown, before })
    }

    /// Takes the fingerprints again and writes the file, after a run that ended with this exit
    /// code. If that fails, or once `cancelled` is true, removes an earlier receipt, which would
    /// be taken for this run's.
    pub(crate) fn finish(
        self,
        workspaces: &[&Workspace],
        engine: Engine,
        code: u8,
        cancelled: &AtomicBool,
    ) -> Result<Vec<Comparison>> {
        let Self { file, shown, before } = self;
        let write = || {
            let comparisons = before.compare(workspaces, cancelled)?;
            let text = json::receipt(workspaces[0].path(), engine, code, &comparisons)?;
            if !cancelled.load(Ordering::Relaxed) {
                let written = file.check_regular().and_then(|()| file.replace(&text));
                written.map_err(|error| cannot_write(&shown, &error))?;
            }
            match cancelled.load(Ordering::Relaxed) {
                true => Err(Error::failed("the receipt was cancelled")),
                false => Ok(comparisons),
            }
        };
        write().inspect_err(|_| {
            // Whatever else the command has put there is not removed.
            let _ = file.check_regular().and_then(|()| file.remove());
        })
    }
}

/// Opens the directory, and checks that the file can be written, which stays as it is.
fn open(path: &Path, plan: &Plan) -> Result<WholeFile> {
    let open = || {
        let shared: Vec<_> = plan.parts().map(Plan::workspace).collect();
        let file = WholeFile::named(path, &shared)?;
        file.check_regular()?;
        file.check_writable()?;
        Ok(file)
    };
    open().map_err(|error| cannot_write(&shown_path(path), &error))
}

fn cannot_write(shown: &str, error: &io::Error) -> Error {
    Error::failed(format!("cannot write the receipt `{shown}`: {error}"))
}

/// The environments that a plan hides, as they were before the run.
#[derive(Debug)]
pub(crate) struct EnvironmentsBefore(Vec<EnvironmentBefore>);

#[derive(Debug)]
struct EnvironmentBefore {
    /// The index of the directory that it lies in: 0 is the project.
    part: usize,
    path: RelPath,
    /// The directory on the host, with a link out of the project followed.
    directory: HostPath,
    outside: bool,
    /// Whether the directory is only a placeholder for an environment.
    is_placeholder: bool,
    fingerprint: Option<Fingerprint>,
}

/// One environment before and after the run; a fingerprint is `None` if it did not exist.
#[derive(Debug)]
pub(crate) struct Comparison {
    is_in_project: bool,
    path: RelPath,
    directory: HostPath,
    before: Option<Fingerprint>,
    after: Option<Fingerprint>,
    differences: Vec<Difference>,
}

impl EnvironmentsBefore {
    /// Takes the fingerprint of every environment that the plan hides, in the project and in each
    /// further directory.
    pub(crate) fn capture(workspaces: &[&Workspace], plan: &Plan) -> Result<Self> {
        let mut environments = Vec::new();
        for (index, (workspace, part)) in workspaces.iter().zip(plan.parts()).enumerate() {
            environments.extend(Self::capture_part(index, workspace, part)?);
        }
        Ok(Self(environments))
    }

    fn capture_part(
        part: usize,
        workspace: &Workspace,
        plan: &Plan,
    ) -> Result<Vec<EnvironmentBefore>> {
        let capture = |shadow: &Shadow| {
            let fail = |error| cannot_examine(shadow.path(), &error);
            let outside = !plan.is_inside(shadow);
            let directory = match outside {
                true => workspace.follow_outside(shadow.path()).map_err(fail)?.0,
                false => workspace.path().join(shadow.path()),
            };
            let mut environment = EnvironmentBefore {
                part,
                path: shadow.path().clone(),
                directory,
                outside,
                is_placeholder: shadow.is_placeholder(),
                fingerprint: None,
            };
            let cancelled = AtomicBool::new(false);
            let fingerprint = environment.take_fingerprint(workspace, &cancelled);
            environment.fingerprint = fingerprint.map_err(fail)?;
            Ok(environment)
        };
        plan.shadows().iter().map(capture).collect()
    }

    /// Fails if the path of an environment cannot be represented in JSON.
    pub(crate) fn check_representable(&self) -> Result<()> {
        let mut directories = self.0.iter().map(|environment| environment.directory.as_path());
        directories.try_for_each(|directory| json_line::path_str(directory).map(drop))
    }

    /// Takes the fingerprints again, of the same directories. Fails soon after `cancelled` becomes
    /// true.
    pub(crate) fn compare(
        self,
        workspaces: &[&Workspace],
        cancelled: &AtomicBool,
    ) -> Result<Vec<Comparison>> {
        let compare = |environment: EnvironmentBefore| {
            let after = environment
                .take_fingerprint(workspaces[environment.part], cancelled)
                .map_err(|error| cannot_examine(&environment.path, &error))?;
            let EnvironmentBefore { part, path, directory, fingerprint: before, .. } = environment;
            let differences = Fingerprint::differences(before.as_ref(), after.as_ref());
            Ok(Comparison { is_in_project: part == 0, path, directory, before, after, differences })
        };
        self.0.into_iter().map(compare).collect()
    }
}

impl EnvironmentBefore {
    /// The fingerprint of the directory; `None` if it does not exist. An empty placeholder
    /// counts as missing, because another run may have created it as its mount point, and
    /// removes it when it ends.
    fn take_fingerprint(
        &self,
        workspace: &Workspace,
        cancelled: &AtomicBool,
    ) -> io::Result<Option<Fingerprint>> {
        let opened = match self.outside {
            true => open_outside(&self.directory),
            false => workspace.open_dir(&self.path),
        };
        match opened {
            Ok(dir) => {
                let fingerprint = Fingerprint::take_unless(dir, cancelled)?;
                Ok((!self.is_placeholder || fingerprint.entries() > 1).then_some(fingerprint))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether there is no directory at the path.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn cannot_examine(path: &RelPath, error: &io::Error) -> Error {
    let path = shown(path.as_str());
    Error::failed(format!("cannot examine the environment `{path}`: {error}"))
        .hint("without that, paude cannot show whether the run changes it")
}

impl Comparison {
    /// The path of the environment in the project.
    pub(crate) fn path(&self) -> &RelPath {
        &self.path
    }

    /// Where the environment is, for people: below the project, or the whole path.
    pub(crate) fn shown_path(&self) -> String {
        match self.is_in_project {
            true => shown(self.path.as_str()).into_owned(),
            false => shown_path(self.directory.as_path()),
        }
    }

    /// The number of entries before; `None` if the environment did not exist.
    pub(crate) fn entries(&self) -> Option<usize> {
        self.before.as_ref().map(Fingerprint::entries)
    }

    /// The number of entries whose content was not compared, and that may have changed unnoticed.
    pub(crate) fn unread_count(&self) -> usize {
        self.latest().map_or(0, |fingerprint| fingerprint.unread().count())
    }

    /// The latest fingerprint that there is.
    fn latest(&self) -> Option<&Fingerprint> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// What changed, in one sentence; `None` if nothing did.
    pub(crate) fn summary(&self) -> Option<String> {
        let first = self.differences.first()?;
        let name = shown(&String::from_utf8_lossy(&first.name)).into_owned();
        Some(match self.differences.len() {
            1 => format!("its entry `{name}` changed"),
            count => format!("{count} of its entries changed, the first is `{name}`"),
        })
    }
}
