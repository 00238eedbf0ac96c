//! `auto`: environments by the names and places that tools give them.

use super::listing::Listing;
use super::report::Report;
use super::unreadable;
use crate::marker::evidence;
use crate::path::join;
use crate::resolve::{Place, resolve};
use crate::tree::{Error, FileType, Tree};
use crate::types::Refusal;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What is known of a directory by its name alone.
enum Role {
    /// What people call an environment. `.env` is often a file of settings.
    Candidate,
    /// A tool's own directory: below it, at this path, each child may be one.
    Holder { below: &'static str, tool: &'static str },
    /// Never looked into.
    Skipped,
    /// Not walked into, but it may be an environment.
    Hidden,
    /// May be a project of its own.
    Plain,
}

fn role(name: &str) -> Role {
    match name {
        ".venv" | "venv" | ".virtualenv" | "env" | ".env" => Role::Candidate,
        ".tox" => Role::Holder { below: "", tool: "tox" },
        ".nox" => Role::Holder { below: "", tool: "nox" },
        ".pixi" => Role::Holder { below: "envs", tool: "pixi" },
        ".git" | "node_modules" | "__pycache__" => Role::Skipped,
        _ if name.starts_with('.') => Role::Hidden,
        _ => Role::Plain,
    }
}

/// Looks in the root and in the projects at most `depth` directories below it.
pub(super) fn search(tree: &dyn Tree, depth: u32, report: &mut Report) -> Result<(), Refusal> {
    // A list and not recursion: the tree decides how deep it is.
    let mut pending = Vec::from([(String::new(), 0)]);
    while let Some((dir, level)) = pending.pop() {
        let mut deeper = level < depth;
        let matters = |name: &str| deeper || !matches!(role(name), Role::Plain);
        let listing = match Listing::read(tree, &dir, matters) {
            Ok(listing) => listing,
            Err(error) if dir.is_empty() => return Err(unreadable(&dir, error)),
            Err(error) => {
                unread(report, &dir, &error);
                continue;
            }
        };
        if listing.marked && stranger(tree, &dir, report) {
            if !dir.is_empty() {
                continue;
            }
            // What else is in it belongs to the environment that the root is.
            deeper = false;
        }
        if deeper {
            listing.tell_unsayable(&dir, report);
        }
        for (name, file_type) in listing.children {
            let directory = file_type == FileType::Directory;
            let walk = match role(&name) {
                Role::Candidate => {
                    let found = candidate(tree, &dir, &name, file_type, "", report);
                    !found && !name.starts_with('.')
                }
                Role::Holder { below, tool } if directory => {
                    held(tree, &join(&dir, &name), below, tool, report);
                    false
                }
                Role::Hidden if directory => {
                    stranger(tree, &join(&dir, &name), report);
                    false
                }
                Role::Plain => true,
                Role::Holder { .. } | Role::Hidden | Role::Skipped => false,
            };
            if walk && directory && deeper {
                pending.push((join(&dir, &name), level + 1));
            }
        }
    }
    Ok(())
}

/// Looks at a place where an environment is expected; true if one is there.
fn candidate(
    tree: &dyn Tree,
    dir: &str,
    name: &str,
    file_type: FileType,
    tool: &str,
    report: &mut Report,
) -> bool {
    let path = join(dir, name);
    let (target, linked) = match file_type {
        FileType::Directory => (path.clone(), false),
        _ => match resolve(tree, dir, name) {
            Ok(Place::At { path: target, file_type: FileType::Directory, .. }) => (target, true),
            Ok(Place::Outside) => {
                report.outside(&path, "link out of the project");
                return true;
            }
            Ok(Place::Broken(how)) => {
                report.warn(&path, how);
                return false;
            }
            Ok(_) => return false,
            Err(error) => {
                unread(report, &path, &error);
                return false;
            }
        },
    };
    match evidence(tree, &target) {
        Ok(Some(_)) if target.is_empty() => {
            report.warn(&path, "leads to the project directory itself, which cannot be hidden");
            false
        }
        Ok(Some(evidence)) => {
            let mut reason = evidence.reason.to_string();
            if !tool.is_empty() {
                reason = format!("{reason}, {tool} environment");
            }
            report.found(evidence.finding(&path, linked.then_some(target), reason));
            true
        }
        Ok(None) => false,
        Err(error) => {
            unread(report, &path, &error);
            false
        }
    }
}

/// Looks at each child of a tool's directory.
fn held(tree: &dyn Tree, holder: &str, below: &str, tool: &str, report: &mut Report) {
    let mut dir = holder.to_string();
    if !below.is_empty() {
        dir = join(holder, below);
        match tree.file_type(&dir) {
            Ok(Some(FileType::Directory)) => {}
            Ok(_) => return,
            Err(error) => return unread(report, &dir, &error),
        }
    }
    match Listing::read(tree, &dir, |_| true) {
        Ok(listing) => {
            listing.tell_unsayable(&dir, report);
            for (name, file_type) in listing.children {
                candidate(tree, &dir, &name, file_type, tool, report);
            }
        }
        Err(error) => unread(report, &dir, &error),
    }
}

/// Remembers a directory that is an environment by no known name; true if so.
fn stranger(tree: &dyn Tree, dir: &str, report: &mut Report) -> bool {
    match evidence(tree, dir) {
        Ok(None) => return false,
        Ok(Some(_)) if dir.is_empty() => {
            report.warn(dir, "the project directory is itself an environment; it cannot be hidden");
        }
        Ok(Some(evidence)) => report.stranger(dir, evidence.reason),
        Err(error) => {
            unread(report, dir, &error);
            return false;
        }
    }
    true
}

fn unread(report: &mut Report, path: &str, error: &Error) {
    let why = format!("cannot be read ({error}); an environment there is not hidden");
    report.warn(path, &why);
}
