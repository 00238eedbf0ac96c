//! What a `Cargo.toml` says about workspaces.

use crate::toml_strings;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Bytes of a `Cargo.toml`, and of a `config.toml`, that are read.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Returns the directories that the workspace of a `Cargo.toml` excludes, relative to its own;
/// `None` if it is not the root of a workspace.
pub(crate) fn workspace_excludes(bytes: &[u8]) -> Option<Vec<String>> {
    let mut excludes = None;
    toml_strings::read(core::str::from_utf8(bytes).ok()?, &mut |path, value| {
        let [first, rest @ ..] = path else { return };
        if first == "workspace" {
            let excludes: &mut Vec<String> = excludes.get_or_insert_default();
            if rest == ["exclude"] {
                excludes.extend(value.map(ToString::to_string));
            }
        }
    });
    excludes
}
