//! What was seen so far, and how it is put in order.

use crate::path::shown;
use crate::types::{Finding, Findings, Kind, Link, Note, Severity};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// More notes than a person reads; the rest is counted.
const MAX_NOTES: usize = 100;

/// Collects in any order; says it in one.
#[derive(Default)]
pub(super) struct Report {
    environments: Vec<Finding>,
    notes: Vec<Note>,
    /// Environments whose names say nothing, and their markers.
    strangers: Vec<(String, &'static str)>,
}

impl Report {
    pub(super) fn found(&mut self, finding: Finding) {
        self.environments.push(finding);
    }

    /// A link that only the host can follow.
    pub(super) fn outside(&mut self, path: &str, reason: &str) {
        self.found(Finding {
            path: path.to_string(),
            kind: Kind::Unseen,
            python: None,
            home: None,
            link: Some(Link::Outside),
            reason: reason.to_string(),
        });
    }

    /// An environment under a name of its own, known by this marker.
    pub(super) fn stranger(&mut self, path: &str, marker: &'static str) {
        self.strangers.push((path.to_string(), marker));
    }

    pub(super) fn info(&mut self, path: &str, message: &str) {
        self.note(Severity::Info, path, message);
    }

    pub(super) fn warn(&mut self, path: &str, message: &str) {
        self.note(Severity::Warning, path, message);
    }

    fn note(&mut self, severity: Severity, path: &str, message: &str) {
        // The root is not a path: a note about it has none.
        let path = (!path.is_empty()).then(|| path.to_string());
        let message = shown(message);
        self.notes.push(Note { severity, path, message });
    }

    /// The findings sorted, and one of several for the same directory.
    fn united(&mut self) -> Vec<Finding> {
        let mut found = core::mem::take(&mut self.environments);
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let mut seen = BTreeSet::new();
        for finding in &found {
            if finding.link.is_none() {
                seen.insert(finding.path.as_str());
            }
        }
        let first = |finding| inside(finding).is_none_or(|target| seen.insert(target));
        let keep: Vec<bool> = found.iter().map(first).collect();
        let mut keep = keep.into_iter();
        found.retain(|_| keep.next() == Some(true));
        found
    }

    /// The answer; with `hide` unset, the findings are only told.
    pub(super) fn finish(mut self, hide: bool) -> Findings {
        let mut environments = self.united();
        let mut linked = BTreeSet::new();
        for target in environments.iter().filter_map(inside) {
            linked.insert(target);
        }
        for (path, marker) in core::mem::take(&mut self.strangers) {
            if !linked.contains(path.as_str()) {
                let how = "under a name of its own is not hidden; list it to hide it";
                self.warn(&path, &format!("an environment ({marker}) {how}"));
            }
        }
        if !hide {
            // What lies outside is not in the container at all.
            environments.retain(|finding| finding.kind != Kind::Unseen);
            for finding in core::mem::take(&mut environments) {
                let what = format!("an environment of the host ({})", finding.reason);
                self.warn(
                    &finding.path,
                    &format!("{what} is not hidden: the container sees it broken"),
                );
            }
        }
        // Warnings first, then by path: what a listing's order cannot change.
        let key = |note: &Note| note.severity != Severity::Warning;
        self.notes.sort_unstable_by(|a, b| {
            (key(a), &a.path, &a.message).cmp(&(key(b), &b.path, &b.message))
        });
        let more = self.notes.len().saturating_sub(MAX_NOTES);
        if more > 0 {
            self.notes.truncate(MAX_NOTES);
            self.warn("", &format!("{more} more notes are not shown"));
        }
        Findings { environments, notes: self.notes }
    }
}

/// Where a finding leads, if it is a link to the inside.
fn inside(finding: &Finding) -> Option<&str> {
    match &finding.link {
        Some(Link::Inside(target)) => Some(target),
        _ => None,
    }
}
