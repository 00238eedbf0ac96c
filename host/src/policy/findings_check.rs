//! Checks what one policy found, while its name is known.

use crate::error::Result;
use crate::path::RelPath;
use crate::plan::{MAX_ENTRIES, PlanFaults};
use crate::wit;

/// Checks the number of findings and notes, and the spelling of each path. Every other fault
/// depends on the project or on the plan, and [`crate::plan`] finds it. `who` is the policy's
/// name in messages.
pub(super) fn check_findings(who: &str, findings: &wit::Findings) -> Result<()> {
    let mut faults = PlanFaults::of_policy(who);
    let counts = [("findings", findings.environments.len()), ("notes", findings.notes.len())];
    for (what, count) in counts {
        if count > MAX_ENTRIES {
            faults.add_general(format!("it has more than {MAX_ENTRIES} {what}"));
        }
    }
    if faults.is_empty() {
        for finding in &findings.environments {
            let target = match &finding.link {
                Some(wit::Link::Inside(target)) => Some(target),
                Some(wit::Link::Outside) | None => None,
            };
            for path in [&finding.path].into_iter().chain(target) {
                if let Err(fault) = RelPath::parse(path) {
                    faults.add(path, fault);
                }
            }
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(faults.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: &str, link: Option<wit::Link>) -> wit::Finding {
        let (kind, reason) = (wit::Kind::Venv, String::new());
        wit::Finding { path: path.to_owned(), kind, python: None, home: None, link, reason }
    }

    fn message(environments: Vec<wit::Finding>, notes: Vec<wit::Note>) -> String {
        let findings = wit::Findings { environments, primary: None, notes };
        let result = check_findings("policy `x.wasm`", &findings);
        result.err().map(|error| error.message().to_owned()).unwrap_or_default()
    }

    #[test]
    fn an_invalid_path_is_attributed_to_its_policy() {
        let inside = |path: &str| Some(wit::Link::Inside(path.to_owned()));
        let findings = vec![
            finding(".venv", None),
            finding("../x", None),
            finding("a", inside("/etc")),
            finding("b", inside("c")),
        ];
        assert_eq!(
            message(findings, Vec::new()),
            "the result of policy `x.wasm` is rejected; nothing was started\n  \
             - `../x` has an empty, `.` or `..` component\n  \
             - `/etc` is absolute, not relative to the workspace"
        );
    }

    #[test]
    fn findings_and_notes_are_counted() {
        let note = wit::Note { severity: wit::Severity::Info, path: None, message: String::new() };
        assert_eq!(message(vec![finding("a", None); 4096], vec![note.clone(); 4096]), "");
        assert_eq!(
            message(vec![finding("", None); 4097], vec![note; 1_000_000]),
            "the result of policy `x.wasm` is rejected; nothing was started\n  \
             - it has more than 4096 findings\n  - it has more than 4096 notes"
        );
    }
}
