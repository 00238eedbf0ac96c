//! Resolves links inside the root, component by component.
//!
//! Hosts differ in how they follow a link out of a preopened directory; asking
//! only for one component at a time leaves nothing to differ in.

use crate::path::{MAX_PATH, join, representable};
use crate::tree::{Error, FileType, Tree};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// As many as Linux follows in one path.
const MAX_LINKS: usize = 40;

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// To something inside; `linked` if a link was followed on the way.
    At { path: String, file_type: FileType, linked: bool },
    /// To nothing: the path itself ends in names that are not there.
    Missing { path: String, linked: bool },
    /// Nowhere: this component of the path is not a directory, but more follow.
    NotDirectory(String),
    /// Out of the root, or to an absolute path that may lie anywhere.
    Outside,
    /// Nowhere, because of a link: how it is broken.
    Broken(&'static str),
}

/// Follows `path` from the directory `base`, which is known to hold no link.
pub(crate) fn resolve(tree: &dyn Tree, base: &str, path: &str) -> Result<Place, Error> {
    let place = follow(tree, base, path)?;
    Ok(match &place {
        Place::At { path, linked: true, .. } | Place::Missing { path, linked: true }
            if !representable(path) =>
        {
            Place::Broken("leads to a path with a control character")
        }
        Place::At { path, linked: true, .. } | Place::Missing { path, linked: true }
            if path.len() > MAX_PATH =>
        {
            Place::Broken("leads to a path longer than 3072 bytes")
        }
        _ => place,
    })
}

fn follow(tree: &dyn Tree, base: &str, path: &str) -> Result<Place, Error> {
    const DANGLING: Place = Place::Broken("is a dangling link");

    let mut here = base.to_string();
    let mut here_type = FileType::Directory;
    // The next name last; what a link brought in lies on top of what was asked.
    let mut asked: Vec<&str> = path.rsplit('/').collect();
    let mut brought: Vec<String> = Vec::new();
    let mut links = 0;

    loop {
        let from_link = !brought.is_empty();
        let name = match brought.pop() {
            Some(name) => name,
            None => match asked.pop() {
                Some(name) => name.to_string(),
                None => break,
            },
        };
        if here_type != FileType::Directory {
            return Ok(if from_link || links > 0 { DANGLING } else { Place::NotDirectory(here) });
        }
        match name.as_str() {
            "" | "." => continue,
            ".." if here.is_empty() => return Ok(Place::Outside),
            ".." => {
                here.truncate(here.rfind('/').unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let next = join(&here, &name);
        match tree.file_type(&next)? {
            None if from_link => return Ok(DANGLING),
            None => {
                let rest = asked.iter().rev();
                let path = rest.fold(next, |path, name| join(&path, name));
                return Ok(Place::Missing { path, linked: links > 0 });
            }
            Some(FileType::Link) => {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(Place::Broken("is a link that leads in a circle"));
                }
                let text = tree.read_link(&next)?;
                if text.starts_with('/') {
                    return Ok(Place::Outside);
                }
                brought.extend(text.rsplit('/').map(ToString::to_string));
            }
            Some(found) => {
                here = next;
                here_type = found;
            }
        }
    }
    Ok(Place::At { path: here, file_type: here_type, linked: links > 0 })
}
