//! Merges the findings of several policies.

use std::collections::{BTreeSet, HashSet};

use crate::wit;

/// Merges findings, whose number is limited, in the order of the policies: the first finding for a path wins, equal notes
/// are kept once, and the first `primary` wins. Paths within one another are left to the plan.
///
/// The findings of a single policy are returned unchanged, and a path that one policy returns
/// twice stays there twice, so that [`crate::plan`] reports it as that policy's fault.
pub(super) fn merge(mut results: Vec<wit::Findings>) -> wit::Findings {
    if results.len() == 1 {
        return results.swap_remove(0);
    }
    let mut merged = wit::Findings { environments: Vec::new(), primary: None, notes: Vec::new() };
    let mut found = BTreeSet::new();
    let mut seen = HashSet::new();
    for result in results {
        merged.primary = merged.primary.or(result.primary);
        let before = merged.environments.len();
        let new = result.environments.into_iter();
        merged.environments.extend(new.filter(|finding| !found.contains(&finding.path)));
        found.extend(merged.environments[before..].iter().map(|finding| finding.path.clone()));
        for note in result.notes {
            let is_warning = note.severity == wit::Severity::Warning;
            if seen.insert((is_warning, note.path.clone(), note.message.clone())) {
                merged.notes.push(note);
            }
        }
    }
    merged.environments.sort_by(|one, other| one.path.cmp(&other.path));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(paths: &[&str], reason: &str) -> wit::Findings {
        let finding = |path: &&str| wit::Finding {
            path: (*path).to_owned(),
            kind: wit::Kind::Venv,
            python: None,
            home: None,
            link: None,
            reason: reason.to_owned(),
        };
        let note = |message: &str| wit::Note {
            severity: wit::Severity::Info,
            path: None,
            message: message.to_owned(),
        };
        let notes = vec![note("common"), note(reason)];
        wit::Findings { environments: paths.iter().map(finding).collect(), primary: None, notes }
    }

    #[test]
    fn the_first_finding_for_a_path_wins_and_nothing_is_lost() {
        let merged = merge(vec![findings(&["b", "d"], "one"), findings(&["a", "b", "c"], "two")]);
        let found: Vec<_> =
            merged.environments.iter().map(|it| (it.path.as_str(), it.reason.as_str())).collect();
        assert_eq!(found, [("a", "two"), ("b", "one"), ("c", "two"), ("d", "one")]);
        let notes: Vec<_> = merged.notes.iter().map(|note| note.message.as_str()).collect();
        assert_eq!(notes, ["common", "one", "two"]);
    }

    /// Comparing each note with every other one takes far longer than this allows.
    #[test]
    fn the_most_notes_of_the_most_policies_are_merged_in_a_moment() {
        let with_notes = |policy: usize| {
            let note = |n: usize| wit::Note {
                severity: wit::Severity::Info,
                path: None,
                message: format!("{n} of {policy}"),
            };
            let notes = (0..crate::plan::MAX_ENTRIES).map(note).collect();
            wit::Findings { notes, ..findings(&[], "") }
        };
        let results: Vec<_> = (0..8).map(with_notes).collect();
        let start = std::time::Instant::now();
        assert_eq!(merge(results).notes.len(), 8 * crate::plan::MAX_ENTRIES);
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }

    #[test]
    fn the_first_primary_wins() {
        let with_primary = |primary: Option<&str>| wit::Findings {
            primary: primary.map(str::to_owned),
            ..findings(&[], "one")
        };
        let merged = merge([None, Some("a"), Some("b")].map(with_primary).into());
        assert_eq!(merged.primary.as_deref(), Some("a"));
    }

    #[test]
    fn a_path_that_one_policy_returns_twice_stays_a_fault() {
        let twice = findings(&["b", "a", "b"], "one");
        assert_eq!(merge(vec![twice.clone()]), twice);
        let merged = merge(vec![twice, findings(&["b"], "two")]);
        assert_eq!(merged.environments.len(), 3);
    }
}
