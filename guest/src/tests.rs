//! The rules, as trees and what the policy returns for them.
//!
//! A tree is written as a list of paths (see [`MemoryTree`]); a result is read as lines (see [`lines`]).

use crate::detect::detect;
use crate::tree::memory::MemoryTree;
use crate::types::{Query, Selection};
use paude_guest_shared::testing::{finding_line, lines, note_line, query};

mod advice;
mod auto;
mod disk;
mod exceptions;
mod hostile;
mod layouts;
mod links;
mod listed;
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

fn to_depth(depth: u32) -> Query {
    Query { depth: Some(depth), ..query(Selection::Auto) }
}

fn result(tree: &MemoryTree, query: &Query) -> Vec<String> {
    lines(&detect(tree, query))
}

/// The note about an environment that is a link.
fn note_of_link(path: &str) -> String {
    let what = "`python -m venv` refuses to make an environment there, uv and virtualenv do not";
    format!("info: {path}: is a link: {what}")
}
