//! The findings of several policies as one answer.

use std::collections::BTreeSet;

use crate::wit;

/// In the order of the policies: the first to name a path wins, and a note is there once.
/// Whether one path lies within another is for the plan. The answer of a single policy
/// stays as it is, and what one names twice stays there twice: a fault of its own.
pub(super) fn unite(mut answers: Vec<wit::Findings>) -> wit::Findings {
    if answers.len() == 1 {
        return answers.swap_remove(0);
    }
    let mut united = wit::Findings { environments: Vec::new(), notes: Vec::new() };
    let mut named = BTreeSet::new();
    for answer in answers {
        let known = united.environments.len();
        let new = answer.environments.into_iter();
        united.environments.extend(new.filter(|finding| !named.contains(&finding.path)));
        named.extend(united.environments[known..].iter().map(|finding| finding.path.clone()));
        for note in answer.notes {
            if !united.notes.contains(&note) {
                united.notes.push(note);
            }
        }
    }
    united.environments.sort_by(|one, other| one.path.cmp(&other.path));
    united
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(paths: &[&str], reason: &str) -> wit::Findings {
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
        let notes = vec![note("of all"), note(reason)];
        wit::Findings { environments: paths.iter().map(finding).collect(), notes }
    }

    #[test]
    fn the_first_to_name_a_path_wins_and_nothing_is_lost() {
        let united = unite(vec![answer(&["b", "d"], "one"), answer(&["a", "b", "c"], "two")]);
        let found: Vec<_> =
            united.environments.iter().map(|it| (it.path.as_str(), it.reason.as_str())).collect();
        assert_eq!(found, [("a", "two"), ("b", "one"), ("c", "two"), ("d", "one")]);
        let notes: Vec<_> = united.notes.iter().map(|note| note.message.as_str()).collect();
        assert_eq!(notes, ["of all", "one", "two"]);
    }

    #[test]
    fn what_one_policy_names_twice_stays_a_fault() {
        let twice = answer(&["b", "a", "b"], "one");
        assert_eq!(unite(vec![twice.clone()]), twice);
        let united = unite(vec![twice, answer(&["b"], "two")]);
        assert_eq!(united.environments.len(), 3);
    }
}
