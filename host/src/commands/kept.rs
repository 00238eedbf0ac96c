//! What `paude volumes` and `paude images` have in common: they list and prune what outlives a run.

use super::print::print;
use crate::error::{Exit, Result};

/// Prints one line for each.
pub(super) fn print_list(all: &[impl ToString]) -> Result<Exit> {
    print(&all.iter().map(|one| one.to_string() + "\n").collect::<String>())
}

/// Prints the names of what was removed; goes on after one that failed.
pub(super) fn print_pruned(pruned: Vec<(String, Result<()>)>) -> Result<Exit> {
    let (mut removed, mut last_error) = (Vec::new(), None);
    for (name, result) in pruned {
        match result {
            Ok(()) => removed.push(name),
            Err(error) => last_error = Some(error),
        }
    }
    print_list(&removed)?;
    last_error.map_or(Ok(Exit::Ok), Err)
}
