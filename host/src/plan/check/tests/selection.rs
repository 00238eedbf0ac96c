//! The findings, the shadows and the selection must cover the same directories.

use super::*;
use crate::config::Changes;

impl TestResult {
    pub(super) fn select_listed(&mut self, paths: &[&str]) {
        self.selection = Selection::Listed(parse(paths));
    }

    fn select_auto(&mut self, also: &[&str], except: &[&str]) {
        self.selection = Selection::Auto(Changes { also: parse(also), except: parse(except) });
    }
}

fn parse(paths: &[&str]) -> Vec<RelPath> {
    paths.iter().map(|path| RelPath::parse(path).unwrap()).collect()
}

/// The paths that the plan of a valid result with these changes hides.
fn hidden(change: fn(&mut TestResult)) -> Vec<String> {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    change(&mut result);
    let plan = fixture.check(&result).unwrap();
    plan.shadows().iter().map(|shadow| shadow.path().to_string()).collect()
}

#[test]
fn every_finding_is_hidden_and_nothing_else() {
    assert_rejected(&[
        (
            |r| {
                r.shadow("src");
            },
            &["`src` is hidden, but was not found"],
        ),
        (
            |r| {
                r.find("src");
            },
            &["`src` was found, but is not hidden"],
        ),
        (|r| r.plan.mounts.truncate(1), &["`.venv` was found, but is not hidden"]),
        (
            |r| r.selection = Selection::Off,
            &["`.venv` is hidden, but was not asked for", "`.venv` was found, but is not hidden"],
        ),
    ]);
}

#[test]
fn listed_paths_are_hidden_and_nothing_else() {
    assert_rejected(&[
        (
            |r| r.select_listed(&["src"]),
            &[
                "`.venv` is hidden, but was not asked for",
                "`.venv` was found, but is not hidden",
                "`src` was asked for, but is not hidden",
            ],
        ),
        (|r| r.select_listed(&[".venv", "new"]), &["`new` was asked for, but is not hidden"]),
    ]);
}

#[test]
fn paths_listed_beside_auto_are_hidden() {
    assert_rejected(&[
        (|r| r.select_auto(&["src"], &[]), &["`src` was asked for, but is not hidden"]),
        (|r| r.select_auto(&["new"], &[]), &["`new` was asked for, but is not hidden"]),
        (|r| r.select_auto(&["in"], &[]), &["`in` was asked for, but is not hidden"]),
    ]);
    let change = |r: &mut TestResult| {
        r.select_auto(&["src", "new", "a/b"], &[]);
        ["src", "new", "a"].into_iter().for_each(|path| r.hide(path));
    };
    assert_eq!(hidden(change), [".venv", "a", "new", "src"]);
}

#[test]
fn an_excepted_path_that_is_hidden_is_rejected() {
    assert_rejected(&[
        (
            |r| r.select_auto(&[], &[".venv"]),
            &["`.venv` is hidden, but was not asked for", "`.venv` was found, but is not hidden"],
        ),
        // An exception covers everything in its directory.
        (
            |r| {
                r.hide("a/b");
                r.select_auto(&[], &["a"]);
            },
            &["`a/b` is hidden, but was not asked for", "`a/b` was found, but is not hidden"],
        ),
    ]);
    assert_eq!(hidden(|r| r.select_auto(&[], &["a"])), [".venv"]);
}
