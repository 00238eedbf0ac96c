//! What two fingerprints differ in.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Entry, Fingerprint, Name};

/// One entry that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub name: Name,
    /// What became of it.
    pub change: Change,
    /// In what it changed; empty for one that was added or removed.
    pub aspects: Vec<Aspect>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is there, and not as it was.
    Changed,
}

/// What can change of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// Another kind of thing stands there.
    Type,
    /// Its permissions.
    Mode,
    /// The user or group that it belongs to.
    Owner,
    /// Its length in bytes.
    Size,
    /// The time of its last change.
    Modified,
    /// Where the link leads.
    Target,
    /// What is written in it.
    Content,
    /// Whether it can be read.
    Readable,
}

impl Fingerprint {
    /// What is different now, sorted by name. `None` is a tree that is not there.
    pub fn differences(before: Option<&Self>, now: Option<&Self>) -> Vec<Difference> {
        let nothing = Self(BTreeMap::new());
        let [before, now] = [before, now].map(|tree| &tree.unwrap_or(&nothing).0);
        let mut found = Vec::new();
        for (name, entry) in before {
            let (change, aspects) = match now.get(name) {
                None => (Change::Removed, Vec::new()),
                Some(new) => (Change::Changed, entry.aspects(new)),
            };
            if change == Change::Removed || !aspects.is_empty() {
                found.push(Difference { name: name.clone(), change, aspects });
            }
        }
        let added = now.keys().filter(|name| !before.contains_key(*name));
        let added = added.cloned().map(|name| {
            let (change, aspects) = (Change::Added, Vec::new());
            Difference { name, change, aspects }
        });
        found.extend(added);
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

impl Entry {
    /// In what it differs from another.
    fn aspects(&self, other: &Self) -> Vec<Aspect> {
        let all = [
            (Aspect::Type, self.kind != other.kind),
            (Aspect::Mode, self.mode != other.mode),
            (Aspect::Owner, self.owner != other.owner),
            (Aspect::Size, self.size != other.size),
            (Aspect::Modified, self.modified != other.modified),
            (Aspect::Target, self.target != other.target),
            (Aspect::Content, self.content != other.content),
            (Aspect::Readable, self.unread != other.unread),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect).collect()
    }
}
