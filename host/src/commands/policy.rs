//! `paude policy`: for those who write policies, or run them elsewhere.

mod check;
mod compare;
mod export;
mod new;
mod run;

use crate::cli::Policy;
use crate::error::{Exit, Result};

/// Carries out one of its actions.
pub(super) fn execute(cli: &Policy) -> Result<Exit> {
    match cli {
        Policy::Run(run) => run::execute(run),
        Policy::Check { file } => check::execute(file),
        Policy::Compare(compare) => compare::execute(compare),
        Policy::New { dir, lang } => new::execute(dir, *lang),
        Policy::Export { file } => export::execute(file),
    }
}
