//! `auto`: a marker makes an environment, whatever its name and wherever it lies.

use super::collector::Collector;
use super::links;
use super::listing::Listing;
use super::names::{self, Role, VENV, role};
use super::unreadable;
use crate::marker::{Evidence, VIRTUALENV};
use crate::path::{MAX_PATH, join, name};
use crate::tree::{FileType, Tree};
use crate::types::{Kind, Query, Refusal};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use paude_guest_shared::is_cache;

/// A directory in which a tool would make an environment.
pub(super) struct Project {
    /// Its path; empty for the root.
    pub(super) path: String,
    /// The command that makes [`VENV`] in it; none where the tool is not known.
    pub(super) command: Option<&'static str>,
}

/// How many directories were not walked, by the bound that they exceed.
#[derive(Default)]
pub(super) struct LeftOut {
    /// Deeper than `query.depth`.
    pub(super) too_deep: usize,
    /// Named by `query.skip`.
    pub(super) skipped: usize,
    /// With a path longer than [`MAX_PATH`].
    pub(super) too_long: usize,
}

/// A directory that is still to be visited, with its listing if it was listed already.
struct Pending {
    path: String,
    /// How many directories below the root it lies.
    level: u32,
    /// Whether only the directory itself matters, and not what is in it.
    leaf: bool,
    listing: Option<Listing>,
}

/// Walks the whole project, within the bounds of the query. Returns the directories in which
/// tools would make environments.
pub(super) fn search(
    tree: &dyn Tree,
    query: &Query,
    collector: &mut Collector,
) -> Result<Vec<Project>, Refusal> {
    let root = Listing::read(tree, "").map_err(|error| unreadable("", error))?;
    let depth = query.depth.unwrap_or(u32::MAX);
    let mut walk = Walk {
        tree,
        query,
        collector,
        depth,
        is_environment: false,
        pending: Vec::new(),
        projects: Vec::new(),
        left_out: LeftOut::default(),
    };
    // A list and not recursion: the tree decides how deep it is.
    walk.pending.push(Pending { path: String::new(), level: 0, leaf: false, listing: Some(root) });
    while let Some(Pending { path, level, leaf, listing }) = walk.pending.pop() {
        match listing.map_or_else(|| Listing::read(tree, &path), Ok) {
            Ok(listing) => walk.visit(&path, level, leaf, listing),
            // The name alone decides, and to hide it nothing has to be read.
            Err(_) if name(&path) == VENV => walk.found_by_name(&path),
            Err(error) => walk.collector.unread(&path, &error),
        }
    }
    let left_out = walk.left_out;
    walk.collector.not_walked(&left_out, depth);
    Ok(walk.projects)
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    query: &'a Query,
    collector: &'a mut Collector,
    depth: u32,
    /// Whether the root is itself an environment.
    is_environment: bool,
    pending: Vec<Pending>,
    projects: Vec<Project>,
    left_out: LeftOut,
}

impl Walk<'_> {
    /// Looks at a directory that has been listed: it is an environment, or may hold some.
    fn visit(&mut self, dir: &str, level: u32, leaf: bool, listing: Listing) {
        let mut bins = Vec::new();
        let evidence = listing.evidence(self.tree, dir).unwrap_or_else(|error| {
            self.collector.unread(dir, &error);
            None
        });
        let evidence = evidence.or_else(|| self.old_virtualenv(dir, &listing, &mut bins));
        // direnv, tox and nox tag the directory in which they keep environments as a cache.
        let leaves = !dir.is_empty() && listing.cache_tag && is_cache(self.tree, dir);
        match evidence {
            Some(_) if dir.is_empty() => {
                let what = "the project directory is itself an environment; it cannot be hidden";
                self.collector.warn(dir, what);
                // What else is in it belongs to that environment.
                (self.is_environment, self.depth) = (true, 0);
            }
            Some(evidence) => return self.collector.environment(dir, None, evidence, ""),
            None if name(dir) == VENV => return self.found_by_name(dir),
            None if leaf => return,
            None if leaves => {}
            None => self.project(dir, level, &listing),
        }
        if level <= self.depth {
            listing.warn_unrepresentable(dir, self.collector);
        }
        for (child, file_type) in listing.children {
            let path = join(dir, &child);
            if path.len() > MAX_PATH {
                self.left_out.too_long += usize::from(file_type == FileType::Directory);
                continue;
            }
            match (role(dir, &child), file_type) {
                (Role::Skipped, _) => {}
                (Role::ToolDir(tool), FileType::Directory) if level <= self.depth => {
                    self.collector.environment(&path, None, Evidence::tool(tool), "");
                }
                (_, FileType::Directory) => {
                    self.descend(path, level + 1, leaves, &child, &mut bins);
                }
                (role, _) => links::look(self.tree, dir, &child, role, self.collector),
            }
        }
    }

    /// Whether `bin/activate` and `bin/python` make this the environment of an old virtualenv.
    /// A listing that was needed to know it is handed back, to be walked.
    fn old_virtualenv(
        &mut self,
        dir: &str,
        listing: &Listing,
        bins: &mut Vec<(&'static str, Listing)>,
    ) -> Option<Evidence> {
        for (bin, reason) in VIRTUALENV {
            if listing.has_directory(bin) {
                match Listing::read(self.tree, &join(dir, bin)) {
                    Ok(listing) if listing.is_bin() => return Some(Evidence::virtualenv(reason)),
                    Ok(listing) => bins.push((bin, listing)),
                    // Reported when it is walked.
                    Err(_) => {}
                }
            }
        }
        None
    }

    fn found_by_name(&mut self, dir: &str) {
        self.collector.environment(dir, None, Evidence::none(Kind::Unmarked), VENV);
    }

    /// Walks into a directory, unless a bound says otherwise.
    fn descend(
        &mut self,
        path: String,
        level: u32,
        leaf: bool,
        name: &str,
        bins: &mut Vec<(&'static str, Listing)>,
    ) {
        // Children of the deepest projects are still looked at: they may be environments.
        if level > self.depth.saturating_add(1) {
            self.left_out.too_deep += usize::from(!self.is_environment);
        } else if name != VENV && self.query.skip.iter().any(|skip| skip == name || *skip == path) {
            self.left_out.skipped += 1;
        } else {
            let listed = bins.iter().position(|(bin, _)| *bin == name);
            let listing = listed.map(|at| bins.swap_remove(at).1);
            self.pending.push(Pending { path, level, leaf, listing });
        }
    }

    /// Remembers that a tool would make an environment here.
    fn project(&mut self, dir: &str, level: u32, listing: &Listing) {
        if listing.venv_file {
            self.collector.info(
                &join(dir, VENV),
                "is a file: uv takes it for the path of an environment elsewhere, which is not \
                 in the container",
            );
        }
        let command = listing.lock.map(|lock| names::LOCKS[lock].1);
        if level <= self.depth
            && !listing.venv_taken
            && (command.is_some() || dir.is_empty() && listing.project)
        {
            self.projects.push(Project { path: dir.to_string(), command });
        }
    }
}
