//! `paude policy`: for authors of policies.

mod check;
mod compare;
mod export;
mod list;
mod new;
mod run;

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
        PolicyAction::Export { file } => export::execute(file),
    }
}
