//! What should be hidden, by what the person selected.

use crate::tree::{Error, Tree};
use crate::types::{Findings, Refusal, Selection, Unreadable};
use alloc::string::ToString;
use report::Report;

mod auto;
mod listed;
mod listing;
mod report;

/// Looks at a project and says which directories to hide.
///
/// The answer is the same for the same tree, in whatever order it is listed.
///
/// # Errors
///
/// If the root cannot be read, or a listed directory cannot be one or cannot be
/// looked at.
pub fn detect(tree: &dyn Tree, selection: &Selection, depth: u32) -> Result<Findings, Refusal> {
    let mut report = Report::default();
    match selection {
        Selection::Auto | Selection::Off => auto::search(tree, depth, &mut report)?,
        Selection::Listed(paths) => listed::look(tree, paths, &mut report)?,
    }
    Ok(report.finish(*selection != Selection::Off))
}

/// The refusal for a place that the answer depends on.
fn unreadable(path: &str, error: Error) -> Refusal {
    Refusal::Unreadable(Unreadable { path: path.to_string(), message: error.0 })
}
