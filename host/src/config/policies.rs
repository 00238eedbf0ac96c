//! The choice of policies: those of the command line, else the project's, else the user's, else
//! the built-in one. The lists replace one another.

use std::path::{Path, PathBuf};

use super::builtin_policy::BuiltinPolicy;
use super::load;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::value::{MAX_POLICIES, Policies, Sha256};

/// Where a policy component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicySource {
    /// In this program.
    Builtin(BuiltinPolicy),
    /// In a file that the user named, anywhere on the host.
    File(PathBuf),
    /// In a file that `paude.json` named, inside the workspace.
    Workspace(RelPath),
}

/// A policy to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyChoice {
    pub(crate) source: PolicySource,
    /// The hash that the component must have; any if absent.
    pub(crate) pin: Option<Sha256>,
}

impl PolicyChoice {
    /// The policy that decides if none is named.
    pub(crate) const DEFAULT: Self =
        Self { source: PolicySource::Builtin(BuiltinPolicy::Python), pin: None };

    /// The policy that an argument of the command line names.
    pub(crate) fn from_cli(argument: &Path) -> Self {
        let source = match argument.to_str().and_then(BuiltinPolicy::from_name) {
            Some(policy) => PolicySource::Builtin(policy),
            None => PolicySource::File(argument.to_owned()),
        };
        Self { source, pin: None }
    }
}

/// Chooses the policies to run, in order and without duplicates.
pub(super) fn choose(
    cli: &[PathBuf],
    project: Option<Policies>,
    user: Option<Policies>,
) -> Result<Vec<PolicyChoice>> {
    if cli.len() > MAX_POLICIES {
        return Err(Error::usage(format!("more than {MAX_POLICIES} policies by --policy")));
    }
    let choices: Vec<_> = match (cli, project, user) {
        ([], Some(project), _) => from_file(project, source_in_project)?,
        ([], None, Some(user)) => {
            from_file(user, |path| Ok(PolicySource::File(load::resolve_beside_user_file(path))))?
        }
        ([], None, None) => vec![PolicyChoice::DEFAULT],
        (cli, ..) => cli.iter().map(|argument| PolicyChoice::from_cli(argument)).collect(),
    };
    let mut unique = Vec::with_capacity(choices.len());
    for choice in choices {
        if !unique.contains(&choice) {
            unique.push(choice);
        }
    }
    Ok(unique)
}

/// The policies of a settings file, whose paths `resolve` resolves.
fn from_file(
    policies: Policies,
    resolve: impl Fn(&str) -> Result<PolicySource>,
) -> Result<Vec<PolicyChoice>> {
    let entries = policies.0.into_iter();
    entries
        .map(|entry| {
            let source = match BuiltinPolicy::from_name(&entry.path) {
                Some(policy) => PolicySource::Builtin(policy),
                None => resolve(&entry.path)?,
            };
            Ok(PolicyChoice { source, pin: entry.sha256 })
        })
        .collect()
}

fn source_in_project(path: &str) -> Result<PolicySource> {
    RelPath::from_user_input(path).map(PolicySource::Workspace).map_err(|fault| {
        Error::usage(format!("paude.json: policy `{}` {fault}", shown(path)))
            .hint("a project's policy must lie in the project; use --policy for another")
    })
}
