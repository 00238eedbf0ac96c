//! False claims about links, which fuzzing found.

use std::collections::BTreeMap;

use super::fixture::{ProjectFixture, deadline};
use super::generate::config;
use crate::config::Selection;
use crate::path::RelPath;
use crate::plan::{Plan, PlanFaults};
use crate::wit;

/// Checks a result for the configuration "hide `listed`" with these findings, and with a shadow
/// at the path that each of them claims to lead to.
fn check(listed: &str, findings: &[(&str, Option<wit::Link>)]) -> Result<Plan, PlanFaults> {
    let backing = wit::Backing::Tmpfs;
    let layout = wit::Layout { workspace: "/w".to_owned(), backing, size: None };
    let mut mounts = vec![wit::Mount::Workspace("/w".to_owned())];
    let mut environments = Vec::new();
    for (path, link) in findings {
        let target = match link {
            Some(wit::Link::Inside(target)) => target.clone(),
            _ => (*path).to_owned(),
        };
        mounts.push(wit::Mount::Shadow(wit::Shadow { path: target, backing, size: None }));
        environments.push(wit::Finding {
            path: (*path).to_owned(),
            kind: wit::Kind::Venv,
            python: None,
            home: None,
            link: link.clone(),
            reason: String::new(),
        });
    }
    let findings = wit::Findings { environments, primary: None, notes: Vec::new() };
    let plan = wit::Plan { mounts, notes: Vec::new() };
    let listed = Selection::Listed(vec![RelPath::parse(listed).unwrap()]);
    let raw = wit::RawPlan { findings, plan, layout, backings: BTreeMap::new() };
    Plan::check(&raw, &ProjectFixture::get().workspace, &config(listed, None), deadline())
}

#[test]
fn a_false_claim_about_a_link_is_rejected() {
    let inside = |path: &str| Some(wit::Link::Inside(path.to_owned()));
    for (path, target) in
        [("plain", ".venv"), (".venv", "a"), ("inside", "a/.venv"), ("up", ".venv")]
    {
        let faults = check(path, &[(path, inside(target))]).unwrap_err().to_string();
        assert!(faults.contains(&format!("`{path}` does not lead to `{target}`")), "{faults}");
    }
    assert!(check("inside", &[("inside", inside(".venv"))]).is_ok());
}

#[test]
fn a_listed_absolute_link_must_be_hidden() {
    let faults = check("abs", &[]).unwrap_err().to_string();
    assert!(faults.contains("`abs` was asked for, but is not hidden"), "{faults}");
    let plan = check("abs", &[("abs", Some(wit::Link::Outside))]).unwrap();
    assert_eq!(plan.shadows()[0].target().as_path(), ProjectFixture::get().root.join(".venv"));
}
