//! The rule, as a search applies it to one directory after the other.

use crate::manifest::{self, MAX_BYTES};
use crate::target_dir::{self, TargetDir};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use paude_guest_shared::path::{is_within, join, name};
use paude_guest_shared::search::{self, Listing, Rule, Search};
use paude_guest_shared::tree::{FileType, Tree};
use paude_guest_shared::types::{Findings, Query, Refusal};

const TARGET: &str = "target";
const MANIFEST: &str = "Cargo.toml";
const KIND: &str = "cargo";

/// Where cargo looks for settings; of two, the first counts.
const CONFIGS: [&str; 2] = [".cargo/config", ".cargo/config.toml"];

/// Searches a project, and returns the directories to hide.
///
/// # Errors
///
/// If a path of the query breaks a rule of the interface, or the root cannot be read.
pub fn detect(tree: &dyn Tree, query: &Query) -> Result<Findings, Refusal> {
    search::search(tree, query, &mut Cargo::default())
}

#[derive(Default)]
struct Cargo {
    workspaces: Vec<Workspace>,
    /// Directories, and the target directory that is set for them and what is below.
    target_dirs: Vec<(String, TargetDir)>,
}

struct Workspace {
    root: String,
    /// What is below the root, but not of the workspace.
    exclude: Vec<String>,
}

impl Rule for Cargo {
    fn reads(&self, name: &str) -> bool {
        name == MANIFEST
    }

    fn leaves_out(&self, name: &str) -> bool {
        matches!(name, "node_modules")
    }

    fn kind(&self, path: &str) -> Option<&'static str> {
        (name(path) == TARGET).then_some(KIND)
    }

    fn look(&mut self, dir: &str, listing: &Listing, search: &mut Search<'_>) {
        if listing.get(".cargo") == Some(&FileType::Directory)
            && let Some(target_dir) = configured(search.tree, dir)
        {
            self.target_dirs.push((dir.to_string(), target_dir));
        }
        if listing.get(MANIFEST) != Some(&FileType::File) {
            return;
        }
        let target = join(dir, TARGET);
        if listing.contains_key(TARGET) {
            search.place(&target, KIND, MANIFEST);
        }
        if self.is_root(dir, search.tree) {
            match self.target_dirs.iter().rev().find(|(above, _)| is_below(dir, above)) {
                None => search.place(&target, KIND, MANIFEST),
                Some((_, TargetDir::Inside(path))) => search.place(path, KIND, "build.target-dir"),
                Some((_, TargetDir::Outside)) => {}
            }
        }
    }
}

impl Cargo {
    /// Whether the `Cargo.toml` in `dir` is a workspace's root, or of a package without one.
    fn is_root(&mut self, dir: &str, tree: &dyn Tree) -> bool {
        let bytes = tree.read(&join(dir, MANIFEST), MAX_BYTES).unwrap_or_default();
        if let Some(excludes) = manifest::workspace_excludes(&bytes) {
            let exclude = excludes.iter().map(|path| join(dir, path.trim_end_matches('/')));
            let exclude = exclude.collect();
            self.workspaces.push(Workspace { root: dir.to_string(), exclude });
            return true;
        }
        !self.workspaces.iter().any(|workspace| {
            is_below(dir, &workspace.root)
                && !workspace.exclude.iter().any(|path| is_within(dir, path))
        })
    }
}

/// Whether a directory is `above`, which is empty for the root, or lies in it.
fn is_below(dir: &str, above: &str) -> bool {
    above.is_empty() || is_within(dir, above)
}

/// The target directory that the settings in `dir` set.
fn configured(tree: &dyn Tree, dir: &str) -> Option<TargetDir> {
    let is_file = |path: &String| matches!(tree.file_type(path), Ok(Some(FileType::File)));
    let path = CONFIGS.iter().map(|config| join(dir, config)).find(is_file)?;
    target_dir::parse(&tree.read(&path, MAX_BYTES).ok()?, dir)
}
