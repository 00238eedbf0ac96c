//! The directories that are shared besides the project: those of `--with`, and its git directory.

use crate::cli::ProjectArgs;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::git_directory::{self, GitDirectory};
use crate::plan::{Further, FurtherKind, Note, Plan, Severity};
use crate::policy;
use crate::value::SharedDir;
use crate::workspace::Workspace;

/// The project with the directories that are shared besides it.
#[derive(Debug)]
pub(super) struct SharedPlan {
    /// The plan of all of them.
    pub(super) plan: Plan,
    /// The directories besides the project, in the order of the plan.
    further: Vec<Workspace>,
}

impl SharedPlan {
    /// The project, then the further directories.
    pub(super) fn workspaces<'w>(&'w self, project: &'w Workspace) -> Vec<&'w Workspace> {
        std::iter::once(project).chain(&self.further).collect()
    }
}

/// Adds the further directories to a project's plan. Each is a workspace like the first: it is
/// opened once, the policies are asked, and their result is checked.
pub(super) fn share(
    plan: Plan,
    project: &Workspace,
    config: &Config,
    args: &ProjectArgs,
    quiet: bool,
) -> Result<SharedPlan> {
    let mut further: Vec<(Workspace, Further)> = Vec::new();
    for directory in &config.with {
        let opened = open(directory)?;
        // The same one may be in the user's file and on the command line, which wins.
        further.retain(|(earlier, _)| earlier.path() != opened.path());
        let share = || {
            let own = config.load_further(args, &opened)?;
            let proposal = policy::propose(&own, &opened, quiet)?;
            let plan = Plan::check(&proposal.raw, &opened, &own, proposal.deadline)?;
            Further::new(&opened, plan, FurtherKind::With, directory.read_only)
        };
        let shared = share().map_err(|error| {
            let path = shown_path(opened.path().as_path());
            error.hint(format!("this is about `{path}`, which --with shares"))
        })?;
        further.push((opened, shared));
    }
    let mut plan = plan;
    if let Some(git) = share_git(&mut plan, project, config, &further)? {
        further.push(git);
    }
    let (workspaces, further) = further.into_iter().unzip();
    Ok(SharedPlan { plan: plan.share(further)?, further: workspaces })
}

fn open(directory: &SharedDir) -> Result<Workspace> {
    Workspace::open(&directory.path).map_err(|error| {
        let path = shown_path(&directory.path);
        Error::usage(format!("--with `{path}`: {}", error.message()))
            .hint("name a directory that exists, `:ro` behind it for reading only")
    })
}

/// The project's git directory, if it has to be shared; otherwise a note says that git does not
/// work without.
fn share_git(
    plan: &mut Plan,
    project: &Workspace,
    config: &Config,
    further: &[(Workspace, Further)],
) -> Result<Option<(Workspace, Further)>> {
    let git = match git_directory::find(project) {
        GitDirectory::Shared => return Ok(None),
        GitDirectory::Elsewhere(git) => git,
        GitDirectory::Foreign(reason) if config.with_git => {
            return Err(Error::usage(format!("the git directory cannot be shared: {reason}"))
                .hint("only a directory that names this project as its working tree is shared"));
        }
        GitDirectory::Foreign(reason) => {
            let message = format!("is a file, and git does not work in the container: {reason}");
            note(plan, Severity::Info, message);
            return Ok(None);
        }
    };
    let is_in =
        |(other, _): &(Workspace, _)| git.path().as_path().starts_with(other.path().as_path());
    if further.iter().any(is_in) {
        return Ok(None);
    }
    if !config.with_git {
        let path = shown_path(git.path().as_path());
        let message = format!(
            "is a file that leads to `{path}`, which is not shared, so git fails in the container; \
             --with-git shares it"
        );
        note(plan, Severity::Warning, message);
        return Ok(None);
    }
    let own = Plan::of_git_directory(&git)?;
    let shared = Further::new(&git, own, FurtherKind::Git, false)?;
    Ok(Some((git, shared)))
}

fn note(plan: &mut Plan, severity: Severity, message: String) {
    plan.note(Note { severity, path: Some(".git".to_owned()), message });
}
