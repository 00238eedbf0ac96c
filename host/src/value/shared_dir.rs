//! The setting `with`: a directory that is shared besides the project.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

/// One entry of `with`, as written: `DIR`, `DIR:ro` or `DIR:rw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedDir {
    /// The directory, which may be relative.
    pub(crate) path: PathBuf,
    /// Whether the container may only read it.
    pub(crate) read_only: bool,
}

impl SharedDir {
    /// Reads an entry. `:rw` is the default; it is needed for a directory whose name ends with
    /// `:ro`.
    pub(crate) fn parse(text: &OsStr) -> Self {
        let bytes = text.as_bytes();
        let (path, read_only) = match bytes.strip_suffix(b":ro") {
            Some(path) => (path, true),
            None => (bytes.strip_suffix(b":rw").unwrap_or(bytes), false),
        };
        Self { path: OsString::from_vec(path.to_vec()).into(), read_only }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_is_the_access() {
        for (text, path, read_only) in [
            ("../shared", "../shared", false),
            ("../shared:ro", "../shared", true),
            ("../shared:rw", "../shared", false),
            ("a:ro:rw", "a:ro", false),
            ("a:b", "a:b", false),
            ("", "", false),
        ] {
            let wanted = SharedDir { path: path.into(), read_only };
            assert_eq!(SharedDir::parse(text.as_ref()), wanted, "{text}");
        }
    }
}
