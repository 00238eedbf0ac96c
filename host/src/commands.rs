//! The commands. They order the calls and hold no rule.

mod announce;
mod doctor;
mod plan;
mod policy;
mod print;
mod run;
mod verify;
mod volumes;

use crate::cli::{Action, Cli};
use crate::error::{Exit, Result};

/// Carries out what was typed.
pub fn execute(cli: Cli) -> Result<Exit> {
    match cli.action {
        None => run::execute(&cli.run),
        Some(Action::Run(run)) => run::execute(&run),
        Some(Action::Plan(plan)) => plan::execute(&plan),
        Some(Action::Verify(verify)) => verify::execute(&verify),
        Some(Action::Doctor(doctor)) => doctor::execute(&doctor),
        Some(Action::Volumes(volumes)) => volumes::execute(&volumes),
        Some(Action::Policy(policy)) => policy::execute(&policy),
        Some(Action::Schema) => print::schema(),
        Some(Action::Completions { shell }) => print::completions(shell),
        Some(Action::Man) => print::man(),
    }
}
