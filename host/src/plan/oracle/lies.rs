//! Lies about links, which the properties found.

use super::draw::config;
use super::fixture::Fixture;
use crate::config::Selection;
use crate::path::RelPath;
use crate::plan::{Plan, Report};
use crate::wit;

/// The check of an answer to "hide `listed`", with these findings, and shadows where
/// they are said to lead.
fn answer(listed: &str, findings: &[(&str, Option<wit::Link>)]) -> Result<Plan, Report> {
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
    let findings = wit::Findings { environments, notes: Vec::new() };
    let plan = wit::Plan { mounts, notes: Vec::new() };
    let listed = Selection::Listed(vec![RelPath::parse(listed).unwrap()]);
    let raw = wit::RawPlan { findings, plan, layout };
    Plan::check(&raw, &Fixture::get().workspace, &config(listed, None))
}

#[test]
fn a_link_that_is_not_there_hides_nothing_in_its_name() {
    let inside = |path: &str| Some(wit::Link::Inside(path.to_owned()));
    for (path, target) in
        [("plain", ".venv"), (".venv", "a"), ("inside", "a/.venv"), ("up", ".venv")]
    {
        let said = answer(path, &[(path, inside(target))]).unwrap_err().to_string();
        assert!(said.contains(&format!("`{path}` does not lead to `{target}`")), "{said}");
    }
    assert!(answer("inside", &[("inside", inside(".venv"))]).is_ok());
}

#[test]
fn an_absolute_link_that_was_listed_is_not_dropped() {
    let said = answer("abs", &[]).unwrap_err().to_string();
    assert!(said.contains("`abs` was asked for, but is not hidden"), "{said}");
    let plan = answer("abs", &[("abs", Some(wit::Link::Outside))]).unwrap();
    assert_eq!(plan.shadows()[0].target().as_path(), Fixture::get().root.join(".venv"));
}
