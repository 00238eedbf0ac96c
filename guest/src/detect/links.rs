//! Links that may be environments. A link is never walked through.

use super::collector::Collector;
use super::names::{Role, VENV, is_usual};
use crate::marker::{Evidence, evidence};
use crate::path::join;
use crate::resolve::{Place, resolve};
use crate::tree::{Error, FileType, Tree};
use crate::types::Kind;

/// Looks at where the link `name` in `dir` leads. Only links with a usual name, or that of a
/// tool's directory, are reported where that cannot be seen.
pub(super) fn look(tree: &dyn Tree, dir: &str, name: &str, role: Role, collector: &mut Collector) {
    let path = join(dir, name);
    let expected = is_usual(name) || role != Role::Walked;
    match resolve(tree, dir, name) {
        Ok(Place::At { path: target, file_type: FileType::Directory, .. }) => {
            match what_is_there(tree, &target, name, role) {
                Ok(Some(_)) if target.is_empty() => {
                    let what = "leads to the project directory itself, which cannot be hidden";
                    collector.warn(&path, what);
                }
                Ok(Some((evidence, reason))) => {
                    collector.link(&path);
                    collector.environment(&path, Some(target), evidence, reason);
                }
                Ok(None) => {}
                Err(error) => collector.unread(&path, &error),
            }
        }
        Ok(Place::Outside) if expected => collector.outside(&path, "link out of the project"),
        Ok(Place::Broken(how)) if expected => collector.warn(&path, how),
        Err(error) if expected => collector.unread(&path, &error),
        Ok(_) | Err(_) => {}
    }
}

/// What makes the directory behind the link an environment, and the reason where no marker does.
fn what_is_there(
    tree: &dyn Tree,
    target: &str,
    name: &str,
    role: Role,
) -> Result<Option<(Evidence, &'static str)>, Error> {
    if let Role::ToolDir(tool) = role {
        return Ok(Some((Evidence::tool(tool), "")));
    }
    let found = evidence(tree, target)?.map(|evidence| (evidence, ""));
    let by_name = name == VENV && !target.is_empty();
    Ok(found.or_else(|| by_name.then_some((Evidence::none(Kind::Unmarked), VENV))))
}
