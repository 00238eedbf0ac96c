//! Directories that can be created again (<https://bford.info/cachedir/>).

use crate::path::join;
use crate::tree::Tree;

/// The first bytes of a valid `CACHEDIR.TAG`.
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether the `CACHEDIR.TAG` in `dir` is a valid one.
pub fn is_cache(tree: &dyn Tree, dir: &str) -> bool {
    let tag = tree.read(&join(dir, "CACHEDIR.TAG"), CACHE_SIGNATURE.len());
    tag.is_ok_and(|tag| tag == CACHE_SIGNATURE)
}
