//! Paths through links and to files: the host follows them, whatever the policy claims.

use super::*;

#[test]
fn the_host_inspects_every_path() {
    assert_rejected(&[
        (|r| r.hide("missing"), &["`missing` does not exist"]),
        (|r| r.hide("file"), &["`file` is not a directory"]),
        (|r| r.hide("file/x"), &["`file/x` is not a directory"]),
        (|r| r.hide("out"), &["`out` lies behind a link that leaves the workspace"]),
        (|r| r.hide("up"), &["`up` lies behind a link that leaves the workspace"]),
        (|r| r.hide("out/x"), &["`out/x` lies behind a link that leaves the workspace"]),
        (|r| r.hide("self"), &["`self` leads to the workspace itself"]),
        (|r| r.hide("self/self"), &["`self/self` leads to the workspace itself"]),
        (|r| r.hide("dangling"), &["`dangling` is a link that leads nowhere"]),
        (|r| r.hide("x\u{202e}y\u{200b}zz"), &["`x\\u{202e}y\\u{200b}zz` does not exist"]),
    ]);
}

#[test]
fn a_false_claim_about_a_link_is_rejected() {
    assert_rejected(&[
        (
            |r| r.link("out", "src"),
            &[
                "`out` does not lead to `src`",
                "`src` is hidden, but was not found",
                "`out` was found, but is not hidden",
            ],
        ),
        // An accepted claim would hide `src` and leave `.venv` visible.
        (
            |r| {
                r.findings.environments.clear();
                r.plan.mounts.pop();
                r.link(".venv", "src");
            },
            &[
                "`.venv` does not lead to `src`",
                "`src` is hidden, but was not found",
                "`.venv` was found, but is not hidden",
            ],
        ),
        (
            |r| r.link("in", "../outside"),
            &[
                "`in` does not lead to `../outside`",
                "`../outside` has an empty, `.` or `..` component",
                "`in` was found, but is not hidden",
            ],
        ),
    ]);
}

#[test]
fn a_directory_found_through_a_link_is_hidden_once() {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    result.link("in", "a");
    let hidden = |result: &TestResult| {
        let plan = fixture.check(result).unwrap();
        plan.shadows().iter().map(|shadow| shadow.path().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(hidden(&result), [".venv", "a"]);
    // A second shadow at the link itself leads to the same directory.
    result.shadow("in");
    assert_eq!(hidden(&result), [".venv", "a"]);
}

/// The path of the primary shadow in the plan of a valid result with these changes.
fn primary(primary: &str, change: fn(&mut TestResult)) -> Option<String> {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    change(&mut result);
    result.findings.primary = Some(primary.to_owned());
    let plan = fixture.check(&result).unwrap();
    plan.primary().map(|shadow| shadow.path().to_string())
}

#[test]
fn a_primary_that_was_not_found_is_rejected() {
    assert_rejected(&[
        (|r| r.findings.primary = Some("src".to_owned()), &["`src` is primary, but was not found"]),
        (
            |r| r.findings.primary = Some("../x\u{1b}".to_owned()),
            &["`../x\\u{1b}` is primary, but was not found"],
        ),
        // The directory is hidden, but not under this name.
        (
            |r| {
                r.link("in", "a");
                r.findings.primary = Some("a".to_owned());
            },
            &["`a` is primary, but was not found"],
        ),
    ]);
}

#[test]
fn the_primary_is_the_shadow_at_its_path() {
    assert_eq!(primary(".venv", |_| ()).as_deref(), Some(".venv"));
    assert_eq!(primary("src", |r| r.hide("src")).as_deref(), Some("src"));
}

#[test]
fn a_primary_behind_a_link_is_the_shadow_of_its_target() {
    assert_eq!(primary("in", |r| r.link("in", "a")).as_deref(), Some("a"));
    // The policy did not report the link on the way.
    assert_eq!(primary("in/b", |r| r.hide("in/b")).as_deref(), Some("a/b"));
}

#[test]
fn a_primary_within_another_shadow_has_no_shadow_of_its_own() {
    let change = |r: &mut TestResult| {
        r.hide("a");
        r.find("a/b");
    };
    assert_eq!(primary("a/b", change), None);
}
