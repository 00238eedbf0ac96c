//! Findings to mounts.

use super::note_line;
use crate::plan::plan;
use crate::types::{Backing, Finding, Findings, Kind, Layout, Link, Mount, Refusal};

/// Mounts and notes as lines; a finding is `path` or `path -> target`.
fn planned(findings: &[&str]) -> Vec<String> {
    planned_at("/work/project", findings)
}

fn planned_at(workspace: &str, findings: &[&str]) -> Vec<String> {
    let environments = findings.iter().map(|text| finding(text)).collect();
    let findings = Findings { environments, primary: None, notes: vec![] };
    let workspace = workspace.to_string();
    let layout = Layout { workspace, backing: Backing::Volume, size: Some(4096) };
    match plan(&findings, &layout) {
        Ok(plan) => {
            plan.mounts.iter().map(mount_line).chain(plan.notes.iter().map(note_line)).collect()
        }
        Err(Refusal::Invalid(message)) => vec![format!("invalid: {message}")],
        Err(other) => panic!("{other:?}"),
    }
}

fn finding(text: &str) -> Finding {
    let (path, link) = match text.split_once(" -> ") {
        Some((path, "outside")) => (path, Some(Link::Outside)),
        Some((path, target)) => (path, Some(Link::Inside(target.into()))),
        None => (text, None),
    };
    let path = path.into();
    Finding { path, kind: Kind::Venv, python: None, home: None, link, reason: "test".into() }
}

fn mount_line(mount: &Mount) -> String {
    match mount {
        Mount::Workspace(path) => format!("workspace {path}"),
        Mount::Shadow(shadow) => {
            assert_eq!((shadow.backing, shadow.size), (Backing::Volume, Some(4096)));
            format!("shadow {}", shadow.path)
        }
    }
}

#[test]
fn the_workspace_comes_first_and_then_a_shadow_for_each_finding() {
    assert_eq!(planned(&[]), ["workspace /work/project"]);
    assert_eq!(
        planned(&["packages/api/.venv", ".venv", "a-b", "a"]),
        [
            "workspace /work/project",
            "shadow .venv",
            "shadow a",
            "shadow a-b",
            "shadow packages/api/.venv",
        ]
    );
}

#[test]
fn a_shadow_lies_where_a_link_leads_if_that_is_inside() {
    assert_eq!(
        planned(&[".venv -> envs/py", "env -> outside"]),
        ["workspace /work/project", "shadow env", "shadow envs/py"]
    );
}

#[test]
fn one_directory_has_one_shadow() {
    assert_eq!(planned(&["b", "a -> b", "c -> b"]), ["workspace /work/project", "shadow b"]);
}

#[test]
fn nothing_is_hidden_below_what_is_hidden() {
    assert_eq!(
        planned(&["a", "a/b/c", "x -> a/y"]),
        [
            "workspace /work/project",
            "shadow a",
            "info: a/b/c: is hidden already, with `a`",
            "info: x: is hidden already, with `a`",
        ]
    );
}

#[test]
fn a_question_that_breaks_the_rules_is_refused() {
    for path in ["", "/a", "a/../b", "a//b", "a\nb", "ok -> ../b"] {
        let answer = planned(&[path]);
        assert!(answer[0].starts_with("invalid: finding `"), "{path:?}: {answer:?}");
        assert!(!answer[0].contains('\n'));
    }
    for workspace in ["", "work", "/", "/a/../b", "/a/", "/a\n"] {
        let answer = planned_at(workspace, &[]);
        assert!(answer[0].starts_with("invalid: workspace `"), "{workspace:?}: {answer:?}");
    }
}
