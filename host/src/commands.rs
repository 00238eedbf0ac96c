//! The subcommands. They call the stages in order and hold no rules of their own.

mod about;
mod announce;
mod doctor;
mod down;
mod exec;
mod export;
mod further;
mod images;
mod init;
mod kept;
mod plan;
mod policy;
mod print;
mod ps;
mod run;
mod up;
mod verify;
mod volumes;

use crate::cli::{Action, Cli};
use crate::error::{Exit, Result};

/// Runs the subcommand of the command line.
pub fn execute(cli: Cli) -> Result<Exit> {
    match cli.action {
        None => run::execute(&cli.run),
        Some(Action::Run(args)) => run::execute(&args),
        Some(Action::Exec(args)) => exec::execute(&args),
        Some(Action::Up(args)) => up::execute(&args),
        Some(Action::Down(args)) => down::execute(&args),
        Some(Action::Ps(args)) => ps::execute(&args),
        Some(Action::Plan(args)) => plan::execute(&args),
        Some(Action::Export(args)) => export::execute(*args),
        Some(Action::Verify(args)) => verify::execute(&args),
        Some(Action::Doctor(args)) => doctor::execute(&args),
        Some(Action::Volumes(action)) => volumes::execute(&action),
        Some(Action::Images(action)) => images::execute(&action),
        Some(Action::Policy(action)) => policy::execute(&action),
        Some(Action::Init(args)) => init::execute(&args),
        Some(Action::Schema) => about::print_schema(),
        Some(Action::Completions { shell }) => about::print_completions(shell),
        Some(Action::Man { dir: None }) => about::print_manual(),
        Some(Action::Man { dir: Some(dir) }) => about::write_manuals(&dir),
    }
}
