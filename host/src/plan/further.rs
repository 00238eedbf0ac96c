//! Directories that are shared besides the project.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Note, Plan, Shadow};
use crate::config::{Config, Selection};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::wit;
use crate::workspace::{Identity, Workspace};

/// The time for checking the plan of a git directory, which hides nothing.
const GIT_TIME: Duration = Duration::from_secs(2);

/// Why a further directory is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FurtherKind {
    /// The user named it.
    With,
    /// It is the project's git directory.
    Git,
}

impl FurtherKind {
    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::With => "with",
            Self::Git => "git",
        }
    }
}

/// A directory that is shared besides the project, at its own path, with a checked plan of its
/// own.
#[derive(Clone, Debug)]
pub(crate) struct Further {
    pub(crate) plan: Plan,
    pub(crate) kind: FurtherKind,
    /// Whether the container may only read it.
    pub(crate) read_only: bool,
    /// How the guard recognises the directory.
    pub(crate) identity: Identity,
}

impl Further {
    /// A directory to share. Fails for one that is too wide, or holds what paude relies on.
    pub(crate) fn new(
        workspace: &Workspace,
        plan: Plan,
        kind: FurtherKind,
        read_only: bool,
    ) -> Result<Self> {
        if let Some(what) = workspace.describe_breadth().or_else(|| workspace.describe_own()) {
            return Err(refuse(&plan, what));
        }
        let identity = workspace.read_identity(|name| plan.hides(name));
        let read_only = read_only || workspace.is_read_only();
        Ok(Self { plan, kind, read_only, identity })
    }
}

impl Plan {
    /// Shares these directories as well, and adds their notes. Fails if one of them overlaps with
    /// the project, with another one, or with what is hidden elsewhere.
    pub(crate) fn share(mut self, further: Vec<Further>) -> Result<Self> {
        for Further { mut plan, kind, read_only, identity } in further {
            self.refuse_overlap(&plan)?;
            let directory = shown_path(plan.workspace.as_path());
            self.notes.extend(plan.notes.drain(..).map(|note| {
                let path = note.path.map_or(String::new(), |path| format!("/{path}"));
                Note { path: Some(format!("{directory}{path}")), ..note }
            }));
            let hidden: Vec<_> = self.all_shadows().map(|it| it.target.clone()).collect();
            // A link may lead from one of them into the other, where its end is hidden already.
            plan.shadows.retain(|shadow| !hidden.contains(&shadow.target));
            plan.primary = None;
            self.further.push(Further { plan, kind, read_only, identity });
            self.refuse_nested_shadows()?;
        }
        Ok(self)
    }

    /// The plan of a git directory: all of it is shared, as git keeps no environment there.
    pub(crate) fn of_git_directory(git: &Workspace) -> Result<Self> {
        let config = Config { selection: Selection::Off, ..Config::default() };
        let workspace = git.path().as_path().to_string_lossy().into_owned();
        let raw = wit::RawPlan {
            findings: wit::Findings { environments: Vec::new(), primary: None, notes: Vec::new() },
            plan: wit::Plan {
                mounts: vec![wit::Mount::Workspace(workspace.clone())],
                notes: Vec::new(),
            },
            layout: wit::Layout { workspace, backing: wit::Backing::Tmpfs, size: None },
            backings: BTreeMap::new(),
        };
        Ok(Self::check(&raw, git, &config, Deadline::after(GIT_TIME))?)
    }

    /// Adds a note.
    pub(crate) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// The project and every further directory, in the order in which they are shared.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.further.iter().map(|further| &further.plan))
    }

    /// The shadows of the project and of each further directory: those that are kept, then those in
    /// memory. Mounts are in this order.
    pub(crate) fn all_shadows(&self) -> impl Iterator<Item = &Shadow> {
        let in_memory = self.parts().flat_map(|part| &part.shadows).filter(|it| !it.is_kept());
        self.kept_shadows().chain(in_memory)
    }

    /// The shadows that outlive the container; all are the project's.
    pub(crate) fn kept_shadows(&self) -> impl Iterator<Item = &Shadow> {
        self.parts().flat_map(|part| &part.shadows).filter(|shadow| shadow.is_kept())
    }

    /// The paths of the project's shadows, then of those of each further directory: below the
    /// project, or the whole one in a further directory.
    pub(crate) fn hidden_paths(&self) -> Vec<String> {
        let paths = self.parts().flat_map(|part| {
            part.shadows.iter().map(move |shadow| match part.workspace == self.workspace {
                true => shadow.path.to_string(),
                false => part.workspace.join(&shadow.path).as_path().to_string_lossy().into_owned(),
            })
        });
        paths.collect()
    }

    fn refuse_overlap(&self, other: &Self) -> Result<()> {
        let path = other.workspace.as_path();
        let project = self.workspace.as_path();
        if path == project {
            return Err(refuse(other, "is the project itself"));
        }
        if path.starts_with(project) {
            return Err(refuse(other, "lies in the project, which is shared already"));
        }
        if project.starts_with(path) {
            return Err(refuse(other, "holds the project"));
        }
        for earlier in self.further.iter().map(|further| further.plan.workspace.as_path()) {
            if path.starts_with(earlier) || earlier.starts_with(path) {
                let earlier = shown_path(earlier);
                return Err(refuse(other, &format!("overlaps with `{earlier}`")));
            }
        }
        Ok(())
    }

    /// Refuses a shadow over a shared directory, or within another shadow. A link may lead to any
    /// environment.
    fn refuse_nested_shadows(&self) -> Result<()> {
        for part in self.parts() {
            let path = part.workspace.as_path();
            if let Some(outer) = self.all_shadows().find(|it| path.starts_with(it.target.as_path()))
            {
                let hidden = shown_path(outer.target.as_path());
                return Err(refuse(part, &format!("lies in `{hidden}`, which is hidden")));
            }
        }
        let mut all: Vec<_> = self.all_shadows().collect();
        // Sorted by component, a directory directly follows the one it lies within.
        all.sort_by(|a, b| a.target.cmp(&b.target));
        let nested = all
            .windows(2)
            .find(|pair| pair[1].target.as_path().starts_with(pair[0].target.as_path()));
        let Some(pair) = nested else { return Ok(()) };
        let [outer, inner] = [pair[0], pair[1]].map(|it| shown_path(it.target.as_path()));
        Err(Error::usage(format!("`{inner}` and `{outer}` are both hidden, one within the other"))
            .hint("except one of them, as in `--venv auto --venv !DIR`"))
    }
}

fn refuse(plan: &Plan, why: &str) -> Error {
    let path = shown_path(plan.workspace.as_path());
    Error::usage(format!("`{path}` cannot be shared: it {why}"))
}
