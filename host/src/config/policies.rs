//! Which policies decide: those that were typed, else the project's, else the person's,
//! else the built-in one. Lists are not added up.

use std::path::PathBuf;

use super::load;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::value::{MOST_POLICIES, Policies, Sha256};

/// The word for the policy inside this program; a file of that name is `./builtin`.
const BUILTIN: &str = "builtin";

/// Where a policy's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// In this program.
    Builtin,
    /// In a file that the person named.
    File(PathBuf),
    /// In a file that the repository named: below the workspace.
    Workspace(RelPath),
}

/// A policy that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChoice {
    /// Where it is.
    pub source: PolicySource,
    /// What it has to be.
    pub pin: Option<Sha256>,
}

impl PolicyChoice {
    /// The built-in one.
    pub const BUILTIN: Self = Self { source: PolicySource::Builtin, pin: None };

    /// What a word of the command line means.
    pub fn typed(word: &std::path::Path) -> Self {
        let source = match word.as_os_str() == BUILTIN {
            true => PolicySource::Builtin,
            false => PolicySource::File(word.to_owned()),
        };
        Self { source, pin: None }
    }
}

/// What holds, in order, each once.
pub(super) fn choose(
    typed: &[PathBuf],
    project: Option<Policies>,
    person: Option<Policies>,
) -> Result<Vec<PolicyChoice>> {
    if typed.len() > MOST_POLICIES {
        return Err(Error::usage(format!("--policy stands more than {MOST_POLICIES} times")));
    }
    let choices: Vec<_> = match (typed, project, person) {
        ([], Some(project), _) => each(project, in_project)?,
        ([], None, Some(person)) => {
            each(person, |path| Ok(PolicySource::File(load::beside_person_file(path))))?
        }
        ([], None, None) => vec![PolicyChoice::BUILTIN],
        (typed, ..) => typed.iter().map(|word| PolicyChoice::typed(word)).collect(),
    };
    let mut once = Vec::with_capacity(choices.len());
    for choice in choices {
        if !once.contains(&choice) {
            once.push(choice);
        }
    }
    Ok(once)
}

fn each(
    policies: Policies,
    source: impl Fn(&str) -> Result<PolicySource>,
) -> Result<Vec<PolicyChoice>> {
    let choice = |(path, pin): (String, _)| match path == BUILTIN {
        true => Ok(PolicyChoice { source: PolicySource::Builtin, pin }),
        false => source(&path).map(|source| PolicyChoice { source, pin }),
    };
    policies.0.into_iter().map(|entry| choice((entry.path, entry.sha256))).collect()
}

/// A path of `paude.json`.
fn in_project(path: &str) -> Result<PolicySource> {
    RelPath::typed(path).map(PolicySource::Workspace).map_err(|fault| {
        Error::usage(format!("paude.json: policy `{}` {fault}", shown(path)))
            .hint("a project's policy must lie in the project; use --policy for another")
    })
}
