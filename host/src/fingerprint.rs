//! What a directory tree is like, entry by entry, so that two looks at it can be told
//! apart: the proof that an environment of the host was left alone.
//!
//! Everything is read through handles. A link is told and never followed, a name is
//! bytes, and what cannot be read is said to be so.

mod compare;
mod queue;
mod walk;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use cap_std::fs::Dir;
use sha2::{Digest as _, Sha256};

pub use compare::{Aspect, Change, Difference};

/// The path of an entry below the tree's root; the root itself is `.`.
pub type Name = Vec<u8>;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
    Link,
    Other,
}

/// All that is remembered of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    kind: Kind,
    mode: u32,
    owner: (u32, u32),
    /// Zero for a directory: what is in it is said by its entries.
    size: u64,
    modified: (i64, i64),
    target: Option<Vec<u8>>,
    content: Option<[u8; 32]>,
    /// Whether there is more to it that could not be read.
    unread: bool,
}

/// A tree as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<Name, Entry>);

impl Fingerprint {
    /// Looks at every entry below the directory, and at the directory itself; on all
    /// processors, because an environment may hold tens of thousands.
    pub fn take(root: Dir) -> io::Result<Self> {
        walk::entries(root).map(Self)
    }

    /// How many entries there are.
    pub fn entries(&self) -> usize {
        self.0.len()
    }

    /// What could not be read, and may therefore have changed unseen.
    pub fn unread(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().filter(|(_, entry)| entry.unread).map(|(name, _)| name)
    }

    /// One word for the whole: the same for the same tree, in hexadecimal digits.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (name, entry) in &self.0 {
            for part in [name, entry.target.as_ref().unwrap_or(&Vec::new())] {
                digest.update(part.len().to_le_bytes());
                digest.update(part);
            }
            let Entry { kind, mode, owner, size, modified, unread, .. } = entry;
            digest.update(format!("{kind:?} {mode:o} {owner:?} {size} {modified:?} {unread}\0"));
            digest.update(entry.content.unwrap_or_default());
        }
        digest.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
