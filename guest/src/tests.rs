//! The rules, as trees and what the policy returns for them.
//!
//! A tree is written as a list of paths (see [`memory`]); a result is read as lines, one for
//! each finding and one for each note.

use crate::detect::detect;
use crate::types::{Finding, Findings, Kind, Link, Note, Query, Refusal, Selection, Severity};
use memory::MemoryTree;

mod advice;
mod auto;
mod disk;
mod exceptions;
mod hostile;
mod layouts;
mod links;
mod listed;
mod memory;
mod off;
mod plan;
mod pyvenv;

fn auto(paths: &[&str]) -> Vec<String> {
    result(&MemoryTree::new(paths), &query(Selection::Auto))
}

fn listed(paths: &[&str], names: &[&str]) -> Vec<String> {
    let names = names.iter().map(ToString::to_string).collect();
    result(&MemoryTree::new(paths), &query(Selection::Listed(names)))
}

fn off(paths: &[&str]) -> Vec<String> {
    result(&MemoryTree::new(paths), &query(Selection::Off))
}

/// The query with no option set.
fn query(selection: Selection) -> Query {
    let (also, except, skip) = (Vec::new(), Vec::new(), Vec::new());
    Query { root: "/".into(), selection, also, except, depth: None, skip }
}

fn to_depth(depth: u32) -> Query {
    Query { depth: Some(depth), ..query(Selection::Auto) }
}

fn result(tree: &MemoryTree, query: &Query) -> Vec<String> {
    match detect(tree, query) {
        Ok(Findings { environments, notes, .. }) => {
            environments.iter().map(finding_line).chain(notes.iter().map(note_line)).collect()
        }
        Err(Refusal::Invalid(message)) => vec![format!("invalid: {message}")],
        Err(Refusal::Unreadable(it)) => vec![format!("unreadable: {:?}: {}", it.path, it.message)],
        Err(Refusal::Unsupported(message)) => vec![format!("unsupported: {message}")],
    }
}

fn finding_line(finding: &Finding) -> String {
    let link = match &finding.link {
        None => String::new(),
        Some(Link::Inside(target)) => format!(" -> {target}"),
        Some(Link::Outside) => " => outside".to_string(),
    };
    let kind = match &finding.kind {
        Kind::Other(name) => name.clone(),
        kind => format!("{kind:?}").to_lowercase().replace("kind::", ""),
    };
    format!("{}{link}: {kind} ({})", finding.path, finding.reason)
}

/// The note about an environment that is a link.
fn note_of_link(path: &str) -> String {
    let what = "`python -m venv` refuses to make an environment there, uv and virtualenv do not";
    format!("info: {path}: is a link: {what}")
}

fn note_line(note: &Note) -> String {
    let severity = match note.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    let path = note.path.as_deref().unwrap_or("*");
    format!("{severity}: {path}: {}", note.message)
}
