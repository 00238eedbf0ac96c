//! `paude policy`: for authors of policies, and for those that come from registries.

mod check;
mod compare;
mod export;
mod inspect;
mod list;
mod new;
mod prune;
mod pull;
mod remove;
mod run;
mod stored;
mod verify;

use crate::cli::PolicyAction;
use crate::error::{Exit, Result};

/// Runs one action of `paude policy`.
pub(super) fn execute(action: &PolicyAction) -> Result<Exit> {
    match action {
        PolicyAction::List => list::execute(),
        PolicyAction::Run(args) => run::execute(args),
        PolicyAction::Check { file } => check::execute(file),
        PolicyAction::Compare(args) => compare::execute(args),
        PolicyAction::New { dir, lang } => new::execute(dir, *lang),
        PolicyAction::Pull(args) => pull::execute(args),
        PolicyAction::Inspect(args) => inspect::execute(args),
        PolicyAction::Verify { names } => verify::execute(names),
        PolicyAction::Remove { names } => remove::execute(names),
        PolicyAction::Prune => prune::execute(),
        PolicyAction::Export { file } => export::execute(file),
    }
}
