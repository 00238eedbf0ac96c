//! Which directories to hide, for what the user selected.

use crate::path::{fault, shown};
use crate::tree::{Error, Tree};
use crate::types::{Findings, Query, Refusal, Selection, Unreadable};
use alloc::format;
use alloc::string::ToString;
use collector::Collector;

mod advice;
mod collector;
mod exceptions;
mod links;
mod listed;
mod listing;
mod names;
mod walk;

/// Searches a project, and returns the directories to hide with notes for the user.
///
/// The result is the same for the same tree, in whatever order it is listed. `query.root`
/// is the caller's: the tree has been opened there.
///
/// # Errors
///
/// If the query breaks a rule of the interface, the root cannot be read, or a listed
/// directory cannot be hidden or read.
pub fn detect(tree: &dyn Tree, query: &Query) -> Result<Findings, Refusal> {
    let mut collector = Collector::default();
    match &query.selection {
        Selection::Auto => {
            for path in query.also.iter().chain(&query.except) {
                if let Some(fault) = fault(path) {
                    return Err(Refusal::Invalid(format!("directory `{}` {fault}", shown(path))));
                }
            }
            let projects = walk::search(tree, query, &mut collector)?;
            listed::find(tree, &query.also, &mut collector)?;
            exceptions::apply(&query.except, &mut collector);
            advice::unmade(&projects, query, &mut collector);
            Ok(collector.finish(true, &[]))
        }
        Selection::Off => {
            walk::search(tree, query, &mut collector)?;
            Ok(collector.finish(false, &[]))
        }
        Selection::Listed(paths) => {
            listed::find(tree, paths, &mut collector)?;
            listed::warn_about_others(tree, &mut collector);
            Ok(collector.finish(true, paths))
        }
    }
}

/// The refusal for a place that the result depends on.
fn unreadable(path: &str, error: Error) -> Refusal {
    Refusal::Unreadable(Unreadable { path: path.to_string(), message: error.0 })
}
