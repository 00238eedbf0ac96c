//! A search by the names in one directory after the other, and the result of it.

use crate::path::{MAX_PATH, fault, is_within, join, parents, representable, shown};
use crate::tree::{Entry, FileType, Tree};
use crate::types::{
    Finding, Findings, Kind, Note, Query, Refusal, Selection, Severity, Unreadable,
};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// More notes than a user reads; the rest is left out.
const MAX_NOTES: usize = 100;

/// What a policy hides, and by which files it knows.
pub trait Rule {
    /// Whether a file of this name matters; the others are not in a [`Listing`].
    fn reads(&self, name: &str) -> bool;

    /// Whether directories of this name are never walked: what is in them is no project's own.
    fn leaves_out(&self, name: &str) -> bool;

    /// The kind of a directory at this path, if its name says that it is one to hide.
    fn kind(&self, path: &str) -> Option<&'static str>;

    /// Looks at a directory; those above it were looked at before.
    fn look(&mut self, dir: &str, listing: &Listing, search: &mut Search<'_>);
}

/// The entries of a directory that matter: all directories and links, and files by
/// [`Rule::reads`].
pub type Listing = BTreeMap<String, FileType>;

/// What was found so far.
pub struct Search<'a> {
    /// The project.
    pub tree: &'a dyn Tree,
    found: Vec<Finding>,
    notes: Vec<Note>,
}

/// Searches a project by a rule. Listed directories are found if the rule has a kind for them:
/// the others are for other policies to find.
///
/// # Errors
///
/// If a path of the query breaks a rule of the interface, or the root cannot be read.
pub fn search(tree: &dyn Tree, query: &Query, rule: &mut dyn Rule) -> Result<Findings, Refusal> {
    let mut search = Search { tree, found: Vec::new(), notes: Vec::new() };
    let listed = match &query.selection {
        Selection::Listed(paths) => paths,
        Selection::Auto | Selection::Off => {
            search.walk(query, rule)?;
            &query.also
        }
    };
    for path in listed.iter().chain(&query.except) {
        if let Some(fault) = fault(path) {
            return Err(Refusal::Invalid(format!("directory `{}` {fault}", shown(path))));
        }
    }
    for path in listed {
        if let Some(kind) = rule.kind(path) {
            search.place(path, kind, "listed");
        }
    }
    search.found.retain(|found| !query.except.iter().any(|open| is_within(&found.path, open)));
    Ok(search.finish(query.selection != Selection::Off))
}

impl Search<'_> {
    fn walk(&mut self, query: &Query, rule: &mut dyn Rule) -> Result<(), Refusal> {
        // A list and not recursion: the project decides how deep it is.
        let mut pending = Vec::from([(String::new(), 0)]);
        while let Some((dir, level)) = pending.pop() {
            let mut listing = Listing::new();
            let listed = self.tree.list(&dir, &mut |Entry { name, file_type }| {
                let Some(name) = name.filter(|name| representable(name)) else { return };
                let kept = matches!(file_type, FileType::Directory | FileType::Link);
                if kept || is_boundary(&name) || rule.reads(&name) {
                    listing.insert(name, file_type);
                }
            });
            match listed {
                Ok(()) => {}
                Err(error) if dir.is_empty() => {
                    return Err(Refusal::Unreadable(Unreadable { path: dir, message: error.0 }));
                }
                Err(error) => {
                    self.warn(&dir, &format!("cannot be read ({error}); nothing in it is hidden"));
                    continue;
                }
            }
            if !dir.is_empty() && self.is_boundary(&dir, &listing) {
                continue;
            }
            rule.look(&dir, &listing, self);
            let reached = query.depth.is_none_or(|depth| level < depth);
            let walked = |name: &str, path: &str| {
                !is_left_out(name)
                    && !rule.leaves_out(name)
                    && !query.skip.iter().any(|skip| skip == name || skip == path)
            };
            for (name, file_type) in listing {
                let path = join(&dir, &name);
                // What is deeper than the longest path cannot be in a result.
                if file_type == FileType::Directory
                    && reached
                    && path.len() < MAX_PATH
                    && walked(&name, &path)
                {
                    pending.push((path, level + 1));
                }
            }
        }
        Ok(())
    }

    /// Whether a directory is an environment or a cache, whose packages are no projects.
    fn is_boundary(&self, dir: &str, listing: &Listing) -> bool {
        listing.contains_key("pyvenv.cfg")
            || listing.contains_key("conda-meta")
            || listing.contains_key(TAG) && crate::is_cache(self.tree, dir)
    }

    /// Hides the directory `path`, or reserves it if there is nothing.
    pub fn place(&mut self, path: &str, kind: &str, reason: &str) {
        if path.len() > MAX_PATH {
            return self.warn("", &format!("a path is longer than {MAX_PATH} bytes; not hidden"));
        }
        for dir in parents(path).chain([path]) {
            match self.tree.file_type(dir) {
                Ok(Some(FileType::Directory)) => {}
                Ok(None) => return self.found(path, Kind::Reserved, reason),
                Ok(Some(FileType::Link)) => {
                    return self.warn(dir, "is a link, and is not hidden: list where it leads");
                }
                Ok(Some(_)) => return self.warn(dir, "is not a directory, and is not hidden"),
                Err(error) => {
                    let what = format!("cannot be looked at ({error}), and is not hidden");
                    return self.warn(dir, &what);
                }
            }
        }
        self.found(path, Kind::Other(kind.to_string()), reason);
    }

    fn found(&mut self, path: &str, kind: Kind, reason: &str) {
        self.found.push(Finding {
            path: path.to_string(),
            kind,
            python: None,
            home: None,
            link: None,
            reason: reason.to_string(),
        });
    }

    /// Adds a warning about a path; about the project, if it is empty.
    pub fn warn(&mut self, path: &str, message: &str) {
        let path = (!path.is_empty()).then(|| path.to_string());
        self.notes.push(Note { severity: Severity::Warning, path, message: shown(message) });
    }

    /// The sorted result; with `hide` unset, what was found is only reported.
    fn finish(mut self, hide: bool) -> Findings {
        // Stable: of two for one path, the first was found and not only listed.
        self.found.sort_by(|a, b| a.path.cmp(&b.path));
        self.found.dedup_by(|later, first| later.path == first.path);
        if !hide {
            for finding in core::mem::take(&mut self.found) {
                if finding.kind != Kind::Reserved {
                    self.warn(&finding.path, "is not hidden: the container shares it");
                }
            }
        }
        self.notes.sort_by(|a, b| a.path.cmp(&b.path));
        self.notes.dedup();
        self.notes.truncate(MAX_NOTES);
        // What these policies find has no `bin`.
        Findings { environments: self.found, primary: None, notes: self.notes }
    }
}

const TAG: &str = "CACHEDIR.TAG";

/// Whether an entry of this name says that the directory is an environment or a cache.
fn is_boundary(name: &str) -> bool {
    matches!(name, "pyvenv.cfg" | "conda-meta" | TAG)
}

/// Directories that no policy walks: there is no project in them, and they can be huge.
fn is_left_out(name: &str) -> bool {
    matches!(
        name,
        ".git" | ".hg" | ".svn" | ".venv" | ".tox" | ".nox" | ".hatch" | ".pixi" | "__pycache__"
    )
}
