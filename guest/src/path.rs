//! Paths as the interface speaks them: relative, `/`-separated, sayable.

use alloc::string::{String, ToString};

/// Says what is wrong with a path by the rules of the package documentation.
pub(crate) fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.starts_with('/') {
        return Some("is absolute; it must be relative to the project");
    }
    if !sayable(path) {
        return Some("holds a control character");
    }
    path.split('/').find_map(|component| match component {
        "" => Some("has an empty component"),
        "." | ".." => Some("has a component `.` or `..`"),
        _ => None,
    })
}

/// Whether a name or path may stand in an answer.
pub(crate) fn sayable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The text with control characters spelled out, fit for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// `name` below `dir`, where the empty `dir` is the root.
pub(crate) fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_string() } else { [dir, "/", name].concat() }
}

/// The directories above a path, outermost first, without the root.
pub(crate) fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}
