//! Fingerprints of directory trees, entry by entry. Two of them show whether an environment of
//! the host changed.
//!
//! Everything is read through handles. A link is recorded and not followed, a name is a string
//! of bytes, and an entry that cannot be read is marked as such.

mod compare;
mod queue;
mod walk;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::AtomicBool;

use cap_std::fs::Dir;
use sha2::{Digest as _, Sha256};

pub(crate) use compare::{Aspect, Change, Difference};

/// How many bytes of content are compared in one tree: a repository may hold any number of huge
/// files in `bin`.
const MAX_CONTENT: u64 = 256 << 20;

/// The path of an entry relative to the root of the tree, as bytes; the root itself is `.`.
pub(crate) type EntryName = Vec<u8>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EntryKind {
    File,
    Directory,
    Link,
    Other,
}

/// The recorded attributes of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TreeEntry {
    kind: EntryKind,
    /// The permission bits.
    mode: u32,
    /// The ids of user and group.
    owner: (u32, u32),
    /// The size in bytes; 0 for a directory, whose size depends on the file system.
    size: u64,
    /// The seconds and nanoseconds of the last modification.
    modified: (i64, i64),
    /// The target of a link.
    target: Option<Vec<u8>>,
    /// The SHA-256 of a file whose content is compared.
    content: Option<[u8; 32]>,
    /// Whether content, target or entries could not be read.
    unread: bool,
    /// Whether the content would be compared, but is beyond [`MAX_CONTENT`].
    beyond_limit: bool,
}

/// The state of a tree at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<EntryName, TreeEntry>);

impl Fingerprint {
    /// Records the directory and every entry below it, on all processors, because an environment
    /// may hold tens of thousands.
    ///
    /// # Errors
    ///
    /// Fails if the root cannot be read, or if this process or the machine has no handles or no
    /// memory left. Other entries that cannot be read are marked as unread.
    pub fn take(root: Dir) -> io::Result<Self> {
        Self::take_unless(root, &AtomicBool::new(false))
    }

    /// Like [`Fingerprint::take`], but fails soon after `cancelled` becomes true.
    pub(crate) fn take_unless(root: Dir, cancelled: &AtomicBool) -> io::Result<Self> {
        walk::read_tree(root, MAX_CONTENT, cancelled).map(Self)
    }

    /// The number of entries, with the root.
    pub fn entries(&self) -> usize {
        self.0.len()
    }

    /// The entries that could not be read, or whose content is beyond the limit, and that may
    /// therefore have changed unnoticed.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &EntryName> {
        let is_unread = |entry: &TreeEntry| entry.unread || entry.beyond_limit;
        self.0.iter().filter(move |(_, entry)| is_unread(entry)).map(|(name, _)| name)
    }

    /// A SHA-256 over all that is recorded, in hexadecimal digits.
    pub(crate) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (name, entry) in &self.0 {
            for part in [name, entry.target.as_ref().unwrap_or(&Vec::new())] {
                digest.update(part.len().to_le_bytes());
                digest.update(part);
            }
            let TreeEntry { kind, mode, owner, size, modified, unread, .. } = entry;
            digest.update(format!("{kind:?} {mode:o} {owner:?} {size} {modified:?} {unread}\0"));
            digest.update(entry.content.unwrap_or_default());
        }
        digest.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
