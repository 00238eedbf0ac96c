//! What one reading of a directory tells.

use super::report::Report;
use crate::marker::{CONDA, VENV};
use crate::path::sayable;
use crate::tree::{Entry, Error, FileType, Tree};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The entries that matter; the others are forgotten as they come.
#[derive(Default)]
pub(super) struct Listing {
    /// Whether the name of a marker is there.
    pub(super) marked: bool,
    /// Directories and links that matter.
    pub(super) children: Vec<(String, FileType)>,
    /// How many directories have names that cannot be said.
    unsayable: usize,
    /// The smallest of those names, as far as they are UTF-8.
    example: Option<String>,
}

impl Listing {
    /// Lists `dir`; of what it holds, only names for which `matters` holds are kept.
    pub(super) fn read(
        tree: &dyn Tree,
        dir: &str,
        matters: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let mut listing = Self::default();
        tree.list(dir, &mut |entry| listing.add(entry, &matters))?;
        Ok(listing)
    }

    fn add(&mut self, Entry { name, file_type }: Entry, matters: impl Fn(&str) -> bool) {
        match name {
            Some(name) if name == VENV || name == CONDA => self.marked = true,
            _ if matches!(file_type, FileType::File | FileType::Other) => {}
            Some(name) if sayable(&name) => {
                if matters(&name) {
                    self.children.push((name, file_type));
                }
            }
            _ if file_type == FileType::Link => {}
            name => {
                self.unsayable += 1;
                self.example = match (name, self.example.take()) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
    }

    /// Says once for the whole directory what could not be looked at.
    pub(super) fn tell_unsayable(&self, dir: &str, report: &mut Report) {
        let skipped = match self.unsayable {
            0 => return,
            1 => "a name was skipped".to_string(),
            n => format!("{n} names were skipped"),
        };
        let such = match &self.example {
            Some(name) => format!(", such as `{name}`"),
            None => String::new(),
        };
        let why = "not UTF-8, or with a control character; an environment there is not hidden";
        report.warn(dir, &format!("{skipped}{such}: {why}"));
    }
}
