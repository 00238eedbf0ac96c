//! `paude volumes`.

use super::print::print;
use crate::cli::Volumes;
use crate::error::{Exit, Result};
use crate::volume;

/// Carries out one of its actions.
pub(super) fn execute(cli: &Volumes) -> Result<Exit> {
    let lines: Vec<String> = match cli {
        Volumes::List => volume::list()?.iter().map(ToString::to_string).collect(),
        Volumes::Remove { names } => {
            names.iter().try_for_each(|name| volume::remove(name))?;
            Vec::new()
        }
        Volumes::Prune => {
            let (mut removed, mut fault) = (Vec::new(), Ok(()));
            for (name, result) in volume::prune()? {
                match result {
                    Ok(()) => removed.push(name),
                    error => fault = error,
                }
            }
            print(lines_of(&removed).as_bytes())?;
            fault?;
            Vec::new()
        }
    };
    print(lines_of(&lines).as_bytes())
}

fn lines_of(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}
