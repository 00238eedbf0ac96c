//! What one listing of a directory shows: the only look at most directories.

use super::collector::Collector;
use super::names::{LOCKS, VENV, is_project_file};
use crate::marker::{self, CONDA, Evidence, PYVENV};
use crate::path::representable;
use crate::tree::{Entry, Error, FileType, Tree};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The entries that matter; the others are dropped as they come.
#[derive(Default)]
pub(super) struct Listing {
    pyvenv: Option<FileType>,
    conda: Option<FileType>,
    /// As the `bin` or `Scripts` of an old virtualenv.
    activate: bool,
    python: bool,
    /// Whether it claims to be a cache (<https://bford.info/cachedir/>).
    pub(super) cache_tag: bool,
    /// Which of [`LOCKS`] is there.
    pub(super) lock: Option<usize>,
    /// Whether a file makes it a Python project.
    pub(super) project: bool,
    /// Whether [`VENV`] is a file here.
    pub(super) venv_file: bool,
    /// Whether [`VENV`] is anything but a directory here, so that no tool can create it.
    pub(super) venv_taken: bool,
    /// Directories and links.
    pub(super) children: Vec<(String, FileType)>,
    /// How many directories have names that are not representable.
    unrepresentable: usize,
    /// The smallest of those names, as far as they are UTF-8.
    example: Option<String>,
}

impl Listing {
    /// Lists `dir`.
    pub(super) fn read(tree: &dyn Tree, dir: &str) -> Result<Self, Error> {
        let mut listing = Self::default();
        tree.list(dir, &mut |entry| listing.add(entry))?;
        Ok(listing)
    }

    fn add(&mut self, Entry { name, file_type }: Entry) {
        let is_file = matches!(file_type, FileType::File | FileType::Link);
        self.venv_taken |= file_type != FileType::Directory && name.as_deref() == Some(VENV);
        match name.as_deref() {
            Some(PYVENV) => self.pyvenv = Some(file_type),
            Some(CONDA) => self.conda = Some(file_type),
            Some(name) if is_file => self.add_file(name, file_type),
            _ => {}
        }
        match (name, file_type) {
            (_, FileType::File | FileType::Other) => {}
            (Some(name), _) if representable(&name) => self.children.push((name, file_type)),
            (_, FileType::Link) => {}
            (name, FileType::Directory) => {
                self.unrepresentable += 1;
                self.example = match (name, self.example.take()) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
    }

    /// A file, or a link that may lead to one.
    fn add_file(&mut self, name: &str, file_type: FileType) {
        self.activate |= marker::is_activate(name);
        self.python |= marker::is_python(name);
        if file_type == FileType::File {
            self.cache_tag |= name == "CACHEDIR.TAG";
            self.venv_file |= name == VENV;
            self.project |= is_project_file(name);
            if let Some(at) = LOCKS.iter().position(|(lock, _)| *lock == name) {
                // Whichever is listed first.
                self.lock = Some(self.lock.map_or(at, |lock| lock.min(at)));
            }
        }
    }

    /// Whether this is the `bin` or `Scripts` of an environment.
    pub(super) fn is_bin(&self) -> bool {
        self.activate && self.python
    }

    /// Whether a directory of this name is here.
    pub(super) fn has_directory(&self, name: &str) -> bool {
        let wanted = |(child, file_type): &(String, FileType)| {
            child == name && *file_type == FileType::Directory
        };
        self.children.iter().any(wanted)
    }

    /// The marker that this listing of `dir` shows.
    pub(super) fn evidence(&self, tree: &dyn Tree, dir: &str) -> Result<Option<Evidence>, Error> {
        if let Some(file_type @ (FileType::File | FileType::Link)) = self.pyvenv
            && let Some(evidence) = marker::pyvenv(tree, dir, file_type)?
        {
            return Ok(Some(evidence));
        }
        match self.conda {
            Some(FileType::Directory) => Ok(Some(Evidence::conda())),
            Some(FileType::Link) => marker::conda(tree, dir),
            _ => Ok(None),
        }
    }

    /// Warns once for the whole directory about the names that could not be looked at.
    pub(super) fn warn_unrepresentable(&self, dir: &str, collector: &mut Collector) {
        let skipped = match self.unrepresentable {
            0 => return,
            1 => "a name was skipped".to_string(),
            n => format!("{n} names were skipped"),
        };
        let such = match &self.example {
            Some(name) => format!(", such as `{name}`"),
            None => String::new(),
        };
        let why = "not UTF-8, or with a control character; an environment there is not hidden";
        collector.warn(dir, &format!("{skipped}{such}: {why}"));
    }
}
