//! The number of lookups in a project is proportional to the number of paths in the result.

use arbitrary::{Arbitrary as _, Unstructured};

use super::*;

/// The most lookups for one path: those of a binary search among 1536 components, and a few.
const MOST: u64 = 20;

/// The lookups of checking a result, which may be rejected.
fn count(fixture: &CheckFixture, result: &TestResult) -> u64 {
    let before = fixture.workspace.lookups();
    let _ = fixture.check(result);
    fixture.workspace.lookups() - before
}

#[test]
fn a_path_below_a_missing_directory_is_not_looked_up_by_component() {
    let fixture = CheckFixture::new();
    for (depth, start) in [(1, ""), (700, ""), (1500, ""), (1500, "in/"), (1500, "in/in/")] {
        let mut result = fixture.valid_result();
        let before = count(&fixture, &result);
        result.hide(&format!("{start}{}x", "d/".repeat(depth)));
        result.findings.environments[1].kind = wit::Kind::Reserved;
        result.selection = Selection::Listed(
            result
                .findings
                .environments
                .iter()
                .map(|it| RelPath::parse(&it.path).unwrap())
                .collect(),
        );
        let lookups = count(&fixture, &result) - before;
        assert!(lookups <= MOST, "{lookups} for depth {depth}");
    }
}

#[test]
fn a_path_is_inspected_once_whatever_refers_to_it() {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    for n in 0..100 {
        result.find(".venv").python = Some(n.to_string());
        result.shadow(".venv");
    }
    result.select_listed(&[".venv"; 100]);
    result.findings.primary = Some(".venv".to_owned());
    assert_eq!(count(&fixture, &result), 1);
}

/// A workspace with directories and links between them, generated from bytes, and a result about
/// paths through them.
fn generate(u: &mut Unstructured<'_>) -> arbitrary::Result<(CheckFixture, TestResult)> {
    const NAMES: [&str; 6] = ["a", "b", ".venv", "l", "m", "n"];
    let fixture = CheckFixture::new();
    let root = fixture.workspace.path().as_path().to_owned();
    let path = |u: &mut Unstructured<'_>| -> arbitrary::Result<String> {
        let parts = (0..u.int_in_range(1..=5)?).map(|_| u.choose(&NAMES).copied());
        Ok(parts.collect::<Result<Vec<_>, _>>()?.join("/"))
    };
    for _ in 0..12 {
        let (at, to) = (path(u)?, path(u)?);
        match u.int_in_range(0..=3)? {
            0 => drop(std::fs::create_dir_all(root.join(at))),
            1 => drop(symlink(root.join(to), root.join(at))),
            _ => drop(symlink(
                format!("{}{to}", ["", "../", "./"][u.choose_index(3)?]),
                root.join(at),
            )),
        }
    }
    let mut result = fixture.valid_result();
    for _ in 0..u.int_in_range(1..=30)? {
        let repeated = path(u)?;
        let found =
            format!("{}{}", format!("{repeated}/").repeat(u.int_in_range(0..=80)?), path(u)?);
        let link = match u.int_in_range(0..=3)? {
            0 => Some(wit::Link::Inside(path(u)?)),
            1 => Some(wit::Link::Outside),
            _ => None,
        };
        let target = match &link {
            Some(wit::Link::Inside(target)) => target.clone(),
            _ => found.clone(),
        };
        let finding = result.find(&found);
        finding.link = link;
        if bool::arbitrary(u)? {
            finding.kind = wit::Kind::Reserved;
        }
        result.shadow(&target);
    }
    Ok((fixture, result))
}

#[test]
fn lookups_are_proportional_to_the_findings_in_any_tree_of_links() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..4096)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        let Ok((fixture, result)) = generate(&mut Unstructured::new(&bytes)) else { continue };
        // Each finding has two paths at most, and its shadow none that is new.
        let most = MOST * 2 * result.findings.environments.len() as u64;
        let lookups = count(&fixture, &result);
        assert!(lookups <= most, "{lookups} > {most}: {:?}", result.findings.environments);
    }
}
