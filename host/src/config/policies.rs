//! The choice of policies: those of the command line, else the project's, else the user's, else
//! the built-in one. The lists replace one another.

use std::path::{Path, PathBuf};

use super::builtin_policy::BuiltinPolicy;
use super::load;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::value::{MAX_POLICIES, OciReference, Policies, PolicyEntry, Sha256};

/// Where a policy component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicySource {
    /// In this program.
    Builtin(BuiltinPolicy),
    /// In a file that the user named, anywhere on the host.
    File(PathBuf),
    /// In a file that `paude.json` named, inside the workspace.
    Workspace(RelPath),
    /// In the user's store of policies that were pulled.
    Stored(StoredPolicy),
}

/// Which policy of the user's store is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoredPolicy {
    /// The one with this content, wherever it was pulled from; and where to pull it from, if known.
    Content(Sha256, Option<OciReference>),
    /// The one that was last pulled by this reference.
    Reference(OciReference),
}

impl StoredPolicy {
    /// The policy that `oci:REFERENCE` or `sha256:HASH` names; `None` for any other text.
    pub(crate) fn from_name(name: &str) -> Result<Option<Self>> {
        let wrong = |fault: &str| Error::usage(format!("policy `{}`: {fault}", shown(name)));
        if let Some(reference) = name.strip_prefix("oci:") {
            let reference = reference.parse().map_err(|fault: String| wrong(&fault))?;
            return Ok(Some(Self::Reference(reference)));
        }
        let Some(hash) = name.strip_prefix("sha256:") else { return Ok(None) };
        let hash = hash.parse().map_err(|fault: &str| wrong(fault))?;
        Ok(Some(Self::Content(hash, None)))
    }
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
    pub(crate) fn from_cli(argument: &Path) -> Result<Self> {
        let name = argument.to_str().unwrap_or_default();
        let source = match (BuiltinPolicy::from_name(name), StoredPolicy::from_name(name)?) {
            (Some(policy), _) => PolicySource::Builtin(policy),
            (None, Some(policy)) => PolicySource::Stored(policy),
            (None, None) => PolicySource::File(argument.to_owned()),
        };
        Ok(Self { source, pin: None })
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
        (cli, ..) => {
            cli.iter().map(|argument| PolicyChoice::from_cli(argument)).collect::<Result<_>>()?
        }
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
        .map(|entry| match entry {
            PolicyEntry::Stored(reference, sha256) => {
                let policy = StoredPolicy::Content(sha256, Some(reference));
                Ok(PolicyChoice { source: PolicySource::Stored(policy), pin: Some(sha256) })
            }
            PolicyEntry::File(path, pin) => match BuiltinPolicy::from_name(&path) {
                Some(policy) => Ok(PolicyChoice { source: PolicySource::Builtin(policy), pin }),
                None => Ok(PolicyChoice { source: resolve(&path)?, pin }),
            },
        })
        .collect()
}

fn source_in_project(path: &str) -> Result<PolicySource> {
    RelPath::from_user_input(path).map(PolicySource::Workspace).map_err(|fault| {
        Error::usage(format!("paude.json: policy `{}` {fault}", shown(path)))
            .hint("a project's policy must lie in the project; use --policy for another")
    })
}
