//! `paude images`.

use super::kept::{print_list, print_pruned};
use crate::cli::ImagesAction;
use crate::error::{Exit, Result};
use crate::image;

/// Runs one action of `paude images`.
pub(super) fn execute(action: &ImagesAction) -> Result<Exit> {
    match action {
        ImagesAction::List => print_list(&image::list()?),
        ImagesAction::Remove { names } => {
            names.iter().try_for_each(|name| image::remove(name))?;
            Ok(Exit::Ok)
        }
        ImagesAction::Prune => print_pruned(image::prune()?),
    }
}
