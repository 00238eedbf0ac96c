//! Directories that the user listed.

use super::collector::Collector;
use super::listing::Listing;
use super::names::{Role, VENV, role};
use super::unreadable;
use crate::marker::{Evidence, evidence};
use crate::path::{fault, parents, shown};
use crate::resolve::{Place, resolve};
use crate::tree::{FileType, Tree};
use crate::types::{Kind, Refusal};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

/// Looks at each directory that was listed; an error if one cannot be hidden.
pub(super) fn find(
    tree: &dyn Tree,
    listed: &[String],
    collector: &mut Collector,
) -> Result<(), Refusal> {
    let mut paths = BTreeSet::new();
    for path in listed {
        if let Some(fault) = fault(path) {
            return Err(invalid(path, fault));
        }
        paths.insert(path.as_str());
    }
    for path in &paths {
        if let Some(outer) = parents(path).find(|parent| paths.contains(parent)) {
            return Err(invalid(path, &format!("lies within `{outer}`, which is listed too")));
        }
    }
    paths.into_iter().try_for_each(|path| one(tree, path, collector))
}

fn one(tree: &dyn Tree, path: &str, collector: &mut Collector) -> Result<(), Refusal> {
    let place = resolve(tree, "", path).map_err(|error| unreadable(path, error))?;
    let (evidence, target, linked) = match place {
        Place::At { path: target, .. } if target.is_empty() => {
            return Err(invalid(path, "leads to the project directory itself"));
        }
        Place::At { path: target, file_type: FileType::Directory, linked } => {
            let found = evidence(tree, &target).map_err(|error| unreadable(path, error))?;
            if found.is_none() {
                collector.info(path, "holds no environment, but is hidden as listed");
            }
            (found.unwrap_or(Evidence::none(Kind::Unmarked)), target, linked)
        }
        Place::At { file_type: FileType::File, .. } => {
            return Err(invalid(path, "is a file, not a directory"));
        }
        Place::At { .. } => return Err(invalid(path, "is not a directory")),
        Place::NotDirectory(parent) => {
            return Err(invalid(path, &format!("lies below `{parent}`, which is not a directory")));
        }
        Place::Missing { path: target, linked } => {
            collector.info(path, "does not exist yet; its place is reserved");
            (Evidence::none(Kind::Reserved), target, linked)
        }
        Place::Outside => {
            collector.outside(path, "listed");
            return Ok(());
        }
        Place::Broken(how) => {
            collector.warn(path, &format!("{how}; nothing is hidden there"));
            return Ok(());
        }
    };
    let reason = match evidence.reason {
        "" => "listed".to_string(),
        marker => format!("listed, {marker}"),
    };
    collector.environment(path, linked.then_some(target), evidence, &reason);
    Ok(())
}

/// A list without `auto` hides what it names and nothing else: warns about the environments in
/// the root that it leaves open.
pub(super) fn warn_about_others(tree: &dyn Tree, collector: &mut Collector) {
    // What cannot be read here cannot be written by a tool in the container either.
    let Ok(root) = Listing::read(tree, "") else { return };
    for (name, file_type) in root.children {
        if file_type != FileType::Directory || collector.found_around(&name).is_some() {
            continue;
        }
        let is_environment = match role("", &name) {
            Role::Skipped => false,
            Role::ToolDir(_) => true,
            Role::Walked if name == VENV => true,
            Role::Walked => matches!(evidence(tree, &name), Ok(Some(_))),
        };
        if is_environment {
            let what = "an environment of the host is not hidden: the list does not name it";
            collector.warn_open(&name, &format!("{what}, nor `auto`"));
        }
    }
}

fn invalid(path: &str, fault: &str) -> Refusal {
    Refusal::Invalid(format!("listed directory `{}` {fault}", shown(path)))
}
