//! The rule, as a search applies it to one directory after the other.

use crate::{package, yarn};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use paude_guest_shared::path::{is_within, join, name};
use paude_guest_shared::search::{self, Listing, Rule, Search};
use paude_guest_shared::tree::{FileType, Tree};
use paude_guest_shared::types::{Findings, Query, Refusal};

const MODULES: &str = "node_modules";
const STORE: &str = ".pnpm-store";
const UNPLUGGED: &str = ".yarn/unplugged";
const PACKAGE: &str = "package.json";
/// The settings of yarn, from version 2 on.
const YARN: &str = ".yarnrc.yml";

/// Files beside which a package manager has installed packages, or will.
pub(crate) const LOCKS: [&str; 7] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    "bun.lockb",
];

/// By which yarn's Plug'n'Play loads packages, in place of [`MODULES`].
const PNP: [&str; 2] = [".pnp.cjs", ".pnp.js"];

/// Searches a project, and returns the directories to hide.
///
/// # Errors
///
/// If a path of the query breaks a rule of the interface, or the root cannot be read.
pub fn detect(tree: &dyn Tree, query: &Query) -> Result<Findings, Refusal> {
    search::search(tree, query, &mut Node::default())
}

#[derive(Default)]
struct Node {
    /// Directories in which, and below which, Plug'n'Play is used.
    pnp: Vec<String>,
}

impl Rule for Node {
    fn reads(&self, name: &str) -> bool {
        matches!(name, PACKAGE | YARN) || LOCKS.contains(&name) || PNP.contains(&name)
    }

    fn leaves_out(&self, name: &str) -> bool {
        matches!(name, MODULES | STORE | ".yarn")
    }

    fn kind(&self, path: &str) -> Option<&'static str> {
        match name(path) {
            MODULES => Some("node-modules"),
            STORE => Some("pnpm"),
            _ if path == UNPLUGGED || path.ends_with("/.yarn/unplugged") => Some("yarn"),
            _ => None,
        }
    }

    fn look(&mut self, dir: &str, listing: &Listing, search: &mut Search<'_>) {
        let has = |name: &str| listing.contains_key(name);
        if has(STORE) {
            search.place(&join(dir, STORE), "pnpm", STORE);
        }
        if let Some(pnp) = PNP.into_iter().find(|name| has(name)) {
            self.pnp.push(dir.to_string());
            search.place(&join(dir, UNPLUGGED), "yarn", pnp);
        } else if listing.get(YARN) == Some(&FileType::File) {
            // Nothing was installed yet, so that there may be packages in either place.
            let settings = search.tree.read(&join(dir, YARN), yarn::MAX_BYTES).unwrap_or_default();
            if yarn::unplugs(&settings) {
                search.place(&join(dir, UNPLUGGED), "yarn", YARN);
            }
        }
        let modules = join(dir, MODULES);
        let is_pnp = || self.pnp.iter().any(|pnp| pnp.is_empty() || is_within(dir, pnp));
        if has(MODULES) {
            search.place(&modules, "node-modules", MODULES);
        } else if is_project(dir, listing, search.tree) && !is_pnp() {
            search.place(&modules, "node-modules", PACKAGE);
        }
    }
}

/// Whether a package manager installs packages in this directory.
fn is_project(dir: &str, listing: &Listing, tree: &dyn Tree) -> bool {
    match listing.get(PACKAGE) {
        None => false,
        Some(_) if LOCKS.iter().any(|lock| listing.contains_key(*lock)) => true,
        Some(FileType::File) => {
            let json = tree.read(&join(dir, PACKAGE), package::MAX_BYTES);
            json.is_ok_and(|json| package::installs_something(&json))
        }
        Some(_) => false,
    }
}
