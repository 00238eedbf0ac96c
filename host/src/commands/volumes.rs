//! `paude volumes`.

use super::kept::{print_list, print_pruned};
use crate::cli::VolumesAction;
use crate::error::{Exit, Result};
use crate::volume;

/// Runs one action of `paude volumes`.
pub(super) fn execute(action: &VolumesAction) -> Result<Exit> {
    match action {
        VolumesAction::List => print_list(&volume::list()?),
        VolumesAction::Remove { names } => {
            names.iter().try_for_each(|name| volume::remove(name))?;
            Ok(Exit::Ok)
        }
        VolumesAction::Prune => print_pruned(volume::prune()?),
    }
}
