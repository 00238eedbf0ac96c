//! The deadline ends a check at every stage that depends on the size of the result.

use super::*;

const OVERTIME: &str = "the policy's result is rejected; nothing was started\n  \
                        - checking the policy's result took more than 0 s";

#[test]
fn a_check_ends_at_the_deadline() {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    assert_eq!(fixture.check_in(&result, Duration::ZERO).unwrap_err(), OVERTIME);
    result.findings.environments.clear();
    assert_eq!(fixture.check_in(&result, Duration::ZERO).unwrap_err(), OVERTIME);
}

/// The mounts come after the findings, and paths are followed in every stage.
#[test]
fn the_deadline_is_consulted_for_each_path_and_each_mount() {
    let fixture = CheckFixture::new();
    let config = Config::default();
    let result = fixture.valid_result();
    let mut check = Check::new(&fixture.workspace, &config, Deadline::after(Duration::ZERO));
    let before = fixture.workspace.lookups();
    assert!(check.check_findings(&result.findings.environments).is_err());
    let known = Candidates::new();
    assert!(check.check_mounts(&result.plan.mounts, &result.layout, &known).is_err());
    let requested = [(RelPath::parse(".venv").unwrap(), &result.findings.environments[0])].into();
    assert!(
        check
            .check_completeness(
                &wit::Findings { environments: vec![], ..result.findings.clone() },
                &requested
            )
            .is_ok()
    );
    assert!(check.check_completeness(&result.findings, &Candidates::new()).is_err());
    let TestResult { findings, plan, layout, .. } = result.clone();
    let raw = RawPlan { findings, plan, layout, backings: BTreeMap::new() };
    assert!(check.resolve_shadows(&requested, &raw).is_err());
    assert_eq!(fixture.workspace.lookups(), before);
}

/// Fails as well if a part of the check needs no path and does not look at the time.
#[test]
fn a_large_result_is_not_checked_to_its_end() {
    let fixture = CheckFixture::new();
    let mut result = fixture.valid_result();
    for n in 0..2000 {
        result.hide(&format!("{}{n}", "x/".repeat(1000)));
    }
    let faults = fixture.check_in(&result, Duration::from_millis(1)).unwrap_err();
    assert!(faults.contains("checking the policy's result took more than 0 s"), "{faults}");
    assert!(fixture.workspace.lookups() < 2000, "{}", fixture.workspace.lookups());
}
