//! The steps in the container: its command, and what that reports.

use std::ffi::OsString;

use super::VerifyStep;
use crate::plan::Plan;

/// Does the steps and prints a report of each.
const SCRIPT: &str = include_str!("container.sh");

/// The prefix of a line that begins a report; its message follows on further lines.
const PREFIX: &str = "paude-verify ";

/// The report of one step.
pub(super) struct StepReport {
    pub(super) step: VerifyStep,
    pub(super) ok: bool,
    pub(super) message: String,
}

/// The command of the container. It creates an environment in the primary shadow, as a user
/// would, and checks that all shadows are empty.
pub(crate) fn container_command(plan: &Plan) -> Vec<OsString> {
    let python = plan.shadows().iter().find(|shadow| shadow.is_python());
    let created = plan.primary().or(python).or(plan.shadows().first());
    let shadows = created.into_iter().chain(plan.shadows());
    let mut command: Vec<OsString> =
        ["/bin/sh", "-c", SCRIPT, "paude"].into_iter().map(OsString::from).collect();
    command.extend(shadows.map(|shadow| shadow.target().as_os_str().to_owned()));
    command
}

/// Parses the container's standard output, which is untrusted: lines that are no report are
/// part of the message before, or ignored.
pub(super) fn parse_reports(stdout: &str) -> Vec<StepReport> {
    let mut reports: Vec<StepReport> = Vec::new();
    for line in stdout.lines() {
        if let Some(report) = parse_first_line(line) {
            reports.push(report);
        } else if let Some(report) = reports.last_mut() {
            if !report.message.is_empty() {
                report.message.push_str(", ");
            }
            report.message.push_str(line.trim());
        }
    }
    reports
}

/// Parses `paude-verify STEP ok` or `paude-verify STEP no`.
fn parse_first_line(line: &str) -> Option<StepReport> {
    let (name, result) = line.strip_prefix(PREFIX)?.split_once(' ')?;
    let step = match name {
        "empty" => VerifyStep::Empty,
        "made" => VerifyStep::Created,
        "works" => VerifyStep::Works,
        _ => return None,
    };
    Some(StepReport { step, ok: result == "ok", message: String::new() })
}
