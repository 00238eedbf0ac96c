//! Paths as the interface has them: relative, `/`-separated, representable.

use alloc::string::{String, ToString};

/// Bytes of the longest path that the interface allows.
pub const MAX_PATH: usize = 3072;

/// What is wrong with a path by the rules of the package documentation.
pub fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("is empty");
    }
    if path.len() > MAX_PATH {
        return Some("is longer than 3072 bytes");
    }
    if path.starts_with('/') {
        return Some("is absolute; it must be relative to the project");
    }
    if !representable(path) {
        return Some("holds a control character");
    }
    path.split('/').find_map(|component| match component {
        "" => Some("has an empty component"),
        "." | ".." => Some("has a component `.` or `..`"),
        _ => None,
    })
}

/// Whether a name or path may occur in a result.
pub fn representable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The text with control characters escaped, as messages show it.
pub fn shown(text: &str) -> String {
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
pub fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_string() } else { [dir, "/", name].concat() }
}

/// The directory that a path lies in; empty for one in the root.
pub fn parent(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..end])
}

/// The last component of a path.
pub fn name(path: &str) -> &str {
    path.rfind('/').map_or(path, |end| &path[end + 1..])
}

/// Whether a path is `dir`, or lies in it.
pub fn is_within(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path as one word of a shell command.
pub fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-+@%".contains(c);
    match path.chars().all(plain) {
        true => path.to_string(),
        false => ["'", &path.replace('\'', "'\\''"), "'"].concat(),
    }
}

/// The directories above a path, outermost first, without the root.
pub fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}
