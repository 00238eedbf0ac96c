//! Checks that no environment stays visible without a warning.

use std::collections::BTreeSet;

use super::{Candidates, Check, Overtime};
use crate::path::RelPath;
use crate::wit;
use crate::workspace::PathState;

impl Check<'_> {
    /// Checks that every finding is hidden, and so is every directory that the user named, unless
    /// the host itself cannot hide it.
    pub(super) fn check_completeness(
        &mut self,
        findings: &wit::Findings,
        requested: &Candidates<'_>,
    ) -> Result<(), Overtime> {
        // A path that is hidden under its own name needs no file access.
        let found = findings.environments.iter().map(|finding| finding.path.as_str());
        let elsewhere = found.filter(|path| !requested.contains_key(*path));
        let elsewhere: Vec<_> = elsewhere.filter_map(|path| RelPath::parse(path).ok()).collect();
        let named = self.config.selection.named();
        if elsewhere.is_empty() && named.is_empty() {
            return Ok(());
        }
        let mut hidden = BTreeSet::new();
        for path in requested.keys() {
            hidden.insert(self.follow_links(path)?);
        }
        for path in &elsewhere {
            if !self.follow_links(path)?.is_within_any(&hidden) {
                self.faults.add(path.as_str(), "was found, but is not hidden");
            }
        }
        for path in named {
            // Several named paths may lead to one directory, which is found under one of them.
            // Only the host can follow an absolute link, perhaps back into the workspace.
            let is_hidden = self.follow_links(path)?.is_within_any(&hidden);
            let can_be_hidden = matches!(
                self.inspect(path)?,
                Ok(PathState::Directory(_) | PathState::Missing(_) | PathState::Outside)
            );
            if can_be_hidden && !is_hidden {
                self.faults.add(path.as_str(), "was asked for, but is not hidden");
            }
        }
        Ok(())
    }
}
