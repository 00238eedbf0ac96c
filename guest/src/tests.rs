//! The rules, told as trees and what the policy says about them.
//!
//! A tree is written as a list of paths (see [`memory`]); an answer is read as
//! lines, one for each finding and one for each note.

use crate::detect::detect;
use crate::types::{Finding, Findings, Link, Note, Refusal, Selection, Severity};
use memory::MemoryTree;

mod auto;
mod disk;
mod hostile;
mod links;
mod listed;
mod memory;
mod off;
mod plan;
mod pyvenv;

/// The depth that the host asks for unless told otherwise.
const DEPTH: u32 = 3;

fn auto(paths: &[&str]) -> Vec<String> {
    answer(&MemoryTree::new(paths), &Selection::Auto, DEPTH)
}

fn listed(paths: &[&str], names: &[&str]) -> Vec<String> {
    let names = names.iter().map(ToString::to_string).collect();
    answer(&MemoryTree::new(paths), &Selection::Listed(names), DEPTH)
}

fn off(paths: &[&str]) -> Vec<String> {
    answer(&MemoryTree::new(paths), &Selection::Off, DEPTH)
}

fn answer(tree: &MemoryTree, selection: &Selection, depth: u32) -> Vec<String> {
    match detect(tree, selection, depth) {
        Ok(Findings { environments, notes }) => {
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
    let kind = format!("{:?}", finding.kind).to_lowercase().replace("kind::", "");
    format!("{}{link}: {kind} ({})", finding.path, finding.reason)
}

fn note_line(note: &Note) -> String {
    let severity = match note.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    let path = note.path.as_deref().unwrap_or("*");
    format!("{severity}: {path}: {}", note.message)
}
