//! Findings to mounts: pure, so that whoever found them does not matter.

use crate::path::{fault, parents, shown};
use crate::types::{Findings, Layout, Mount, Note, Plan, Refusal, Severity, Shadow};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Puts a shadow where each finding leads, and none below another.
///
/// # Errors
///
/// If the layout or a finding breaks the rules of the interface.
pub fn plan(findings: &Findings, layout: &Layout) -> Result<Plan, Refusal> {
    if let Some(fault) = workspace_fault(&layout.workspace) {
        let workspace = shown(&layout.workspace);
        return Err(Refusal::Invalid(format!("workspace `{workspace}` {fault}")));
    }
    // Where to, and the first finding that leads there.
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    for finding in &findings.environments {
        for path in [finding.path.as_str(), finding.target()] {
            if let Some(fault) = fault(path) {
                return Err(Refusal::Invalid(format!("finding `{}` {fault}", shown(path))));
            }
        }
        targets.entry(finding.target()).or_insert(&finding.path);
    }

    let mut mounts = Vec::from([Mount::Workspace(layout.workspace.clone())]);
    let mut notes = Vec::new();
    for (target, path) in &targets {
        match parents(target).find(|parent| targets.contains_key(parent)) {
            Some(outer) => notes.push(Note {
                severity: Severity::Info,
                path: Some(path.to_string()),
                message: format!("is hidden already, with `{outer}`"),
            }),
            None => mounts.push(Mount::Shadow(Shadow {
                path: target.to_string(),
                backing: layout.backing,
                size: layout.size,
            })),
        }
    }
    Ok(Plan { mounts, notes })
}

/// What is wrong with the project's place in the container.
fn workspace_fault(workspace: &str) -> Option<&'static str> {
    match workspace.strip_prefix('/') {
        Some("") => Some("is the root of the container"),
        Some(rest) => fault(rest),
        None => Some("is not absolute"),
    }
}
