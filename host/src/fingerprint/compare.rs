//! The differences between two fingerprints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{EntryName, Fingerprint, TreeEntry};

/// One entry that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) name: EntryName,
    pub(crate) change: Change,
    /// The attributes that changed; empty for an entry that was added or removed.
    pub(crate) aspects: Vec<Aspect>,
}

/// The kind of a change, as named in the JSON documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    Added,
    Removed,
    Changed,
}

/// An attribute that can change, as named in the JSON documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Aspect {
    Type,
    Mode,
    Owner,
    Size,
    Modified,
    /// The target of a link.
    Target,
    Content,
    /// Whether it can be read.
    Readable,
}

impl Fingerprint {
    /// The entries that differ, sorted by name. `None` is a tree that does not exist.
    pub(crate) fn differences(before: Option<&Self>, after: Option<&Self>) -> Vec<Difference> {
        let empty = Self(BTreeMap::new());
        let [before, after] = [before, after].map(|tree| &tree.unwrap_or(&empty).0);
        let mut differences = Vec::new();
        for (name, entry) in before {
            let (change, aspects) = match after.get(name) {
                None => (Change::Removed, Vec::new()),
                Some(other) => (Change::Changed, entry.differing_aspects(other)),
            };
            if change == Change::Removed || !aspects.is_empty() {
                differences.push(Difference { name: name.clone(), change, aspects });
            }
        }
        let added = after.keys().filter(|name| !before.contains_key(*name)).cloned();
        differences.extend(added.map(|name| Difference {
            name,
            change: Change::Added,
            aspects: Vec::new(),
        }));
        differences.sort_by(|a, b| a.name.cmp(&b.name));
        differences
    }
}

impl TreeEntry {
    fn differing_aspects(&self, other: &Self) -> Vec<Aspect> {
        // Another file that grew may have moved this one beyond the limit.
        let is_compared = !self.beyond_limit && !other.beyond_limit;
        let all = [
            (Aspect::Type, self.kind != other.kind),
            (Aspect::Mode, self.mode != other.mode),
            (Aspect::Owner, self.owner != other.owner),
            (Aspect::Size, self.size != other.size),
            (Aspect::Modified, self.modified != other.modified),
            (Aspect::Target, self.target != other.target),
            (Aspect::Content, is_compared && self.content != other.content),
            (Aspect::Readable, self.unread != other.unread),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect).collect()
    }
}
