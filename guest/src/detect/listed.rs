//! `listed`: exactly the directories that were named.

use super::report::Report;
use super::unreadable;
use crate::marker::{Evidence, evidence};
use crate::path::{fault, parents, shown};
use crate::resolve::{Place, resolve};
use crate::tree::{FileType, Tree};
use crate::types::{Kind, Refusal};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

/// Looks at each directory that was named, and refuses what cannot be hidden.
pub(super) fn look(tree: &dyn Tree, names: &[String], report: &mut Report) -> Result<(), Refusal> {
    let mut paths = BTreeSet::new();
    for path in names {
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
    paths.into_iter().try_for_each(|path| one(tree, path, report))
}

fn one(tree: &dyn Tree, path: &str, report: &mut Report) -> Result<(), Refusal> {
    let place = resolve(tree, "", path).map_err(|error| unreadable(path, error))?;
    let (evidence, target, linked) = match place {
        Place::At { path: target, .. } if target.is_empty() => {
            return Err(invalid(path, "leads to the project directory itself"));
        }
        Place::At { path: target, file_type: FileType::Directory, linked } => {
            let found = evidence(tree, &target).map_err(|error| unreadable(path, error))?;
            if found.is_none() {
                report.info(path, "holds no environment, but is hidden as listed");
            }
            (found.unwrap_or(Evidence::none(Kind::Unmarked)), target, linked)
        }
        Place::At { file_type: FileType::File, .. } => {
            return Err(invalid(path, "is a file, not a directory"));
        }
        Place::At { .. } => return Err(invalid(path, "is not a directory")),
        Place::NotDirectory(parent) => {
            return Err(invalid(path, &format!("lies below `{parent}`, which is no directory")));
        }
        Place::Missing { path: target, linked } => {
            report.info(path, "does not exist yet; its place is reserved");
            (Evidence::none(Kind::Reserved), target, linked)
        }
        Place::Outside => {
            report.outside(path, "listed");
            return Ok(());
        }
        Place::Broken(how) => {
            report.warn(path, &format!("{how}; nothing is hidden there"));
            return Ok(());
        }
    };
    let reason = match evidence.reason {
        "" => "listed".to_string(),
        marker => format!("listed, {marker}"),
    };
    report.found(evidence.finding(path, linked.then_some(target), reason));
    Ok(())
}

fn invalid(path: &str, fault: &str) -> Refusal {
    Refusal::Invalid(format!("listed directory `{}` {fault}", shown(path)))
}
