//! `paude volumes`.

use super::print::print;
use crate::cli::VolumesAction;
use crate::error::{Exit, Result};
use crate::volume;

/// Runs one action of `paude volumes`.
pub(super) fn execute(action: &VolumesAction) -> Result<Exit> {
    match action {
        VolumesAction::List => print(&join_lines(&volume::list()?)),
        VolumesAction::Remove { names } => {
            names.iter().try_for_each(|name| volume::remove(name))?;
            Ok(Exit::Ok)
        }
        VolumesAction::Prune => prune(),
    }
}

/// Removes and prints the volumes that no run uses again; goes on after one that fails.
fn prune() -> Result<Exit> {
    let (mut removed, mut last_error) = (Vec::new(), None);
    for (name, result) in volume::prune()? {
        match result {
            Ok(()) => removed.push(name),
            Err(error) => last_error = Some(error),
        }
    }
    print(&join_lines(&removed))?;
    last_error.map_or(Ok(Exit::Ok), Err)
}

fn join_lines(lines: &[impl ToString]) -> String {
    lines.iter().map(|line| line.to_string() + "\n").collect()
}
