//! The checklist of `paude verify`, which proves on the user's own project and engine that host
//! and container each keep a working environment.

mod container;
mod host;
mod json;

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::engine::{CaptureFiles, reason_line};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::execute::RunOutcome;
use crate::plan::Plan;
use crate::receipt::Comparison;

pub(crate) use container::container_command;

/// The steps, in their order. Their names in JSON are a contract, documented in `docs/json.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum VerifyStep {
    /// The Python of each environment of the host runs.
    HostWorks,
    /// Each environment is empty in the container.
    Empty,
    /// An environment can be created in the container.
    #[serde(rename = "made")]
    Created,
    /// That environment works.
    Works,
    /// The container has ended and is gone.
    #[serde(rename = "left")]
    Ended,
    /// The Python of each environment of the host still runs.
    HostStillWorks,
    /// Nothing in the environments of the host changed.
    Untouched,
}

/// The result of a step, as named in the JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum StepResult {
    Passed,
    Failed,
    /// A step that it depends on failed, or there is nothing to check.
    Skipped,
}

#[derive(Debug, Serialize)]
struct ChecklistLine {
    step: VerifyStep,
    result: StepResult,
    /// What was found, or why the step failed or was skipped; escaped.
    #[serde(rename = "said")]
    message: String,
}

/// The steps that have a result so far.
#[derive(Debug, Default)]
pub(crate) struct Checklist(Vec<ChecklistLine>);

impl Checklist {
    fn add(&mut self, step: VerifyStep, result: StepResult, message: &str) {
        self.0.push(ChecklistLine { step, result, message: shown(message).into_owned() });
    }

    fn result_of(&self, step: VerifyStep) -> Option<StepResult> {
        self.0.iter().find(|line| line.step == step).map(|line| line.result)
    }

    /// Whether no step failed.
    pub(crate) fn has_passed(&self) -> bool {
        self.0.iter().all(|line| line.result != StepResult::Failed)
    }

    /// Runs the environments of the host before the container.
    pub(crate) fn add_host_before(&mut self, plan: &Plan) {
        let (result, message) = host::run_environments(plan);
        self.add(VerifyStep::HostWorks, result, &message);
    }

    /// Adds the steps that the container reported in its output, and how it ended.
    pub(crate) fn add_container(&mut self, outcome: &Result<RunOutcome>, output: &CaptureFiles) {
        let reports = container::parse_reports(&output.stdout());
        let end = describe_end(outcome, output);
        let mut previous: Option<VerifyStep> = None;
        for step in [VerifyStep::Empty, VerifyStep::Created, VerifyStep::Works] {
            match reports.iter().find(|report| report.step == step) {
                Some(report) if report.ok => self.add(step, StepResult::Passed, &report.message),
                Some(report) => self.add(step, StepResult::Failed, &report.message),
                // Without a report, the container ended during this step.
                None if previous
                    .is_none_or(|step| self.result_of(step) == Some(StepResult::Passed)) =>
                {
                    self.add(step, StepResult::Failed, &end);
                }
                None => self.add(step, StepResult::Skipped, "the previous step failed"),
            }
            previous = Some(step);
        }
        let (result, message) = match outcome {
            Ok(RunOutcome { gone: true, .. }) => (StepResult::Passed, ""),
            Ok(_) => (StepResult::Failed, "the container cannot be removed"),
            Err(_) => (StepResult::Skipped, "the container was not started"),
        };
        self.add(VerifyStep::Ended, result, message);
    }

    /// Runs the environments of the host again, and adds whether they changed.
    pub(crate) fn add_host_after(&mut self, plan: &Plan, comparisons: &Result<Vec<Comparison>>) {
        let (result, message) = match self.result_of(VerifyStep::HostWorks) {
            Some(StepResult::Failed) => (StepResult::Skipped, "it did not work before".to_owned()),
            _ => host::run_environments(plan),
        };
        self.add(VerifyStep::HostStillWorks, result, &message);
        let (result, message) = match comparisons {
            Err(error) => (StepResult::Failed, error.message().to_owned()),
            Ok(comparisons) => describe_changes(comparisons),
        };
        self.add(VerifyStep::Untouched, result, &message);
    }
}

/// Why the container ended: the error, or the line of its standard error that says why.
fn describe_end(outcome: &Result<RunOutcome>, output: &CaptureFiles) -> String {
    match outcome {
        Err(error) | Ok(RunOutcome { exit: Err(error), .. }) => error.message().to_owned(),
        Ok(RunOutcome { exit: Ok(exit), .. }) => {
            let stderr = output.stderr();
            let reason = reason_line(&stderr);
            let code = exit.code();
            reason.map_or_else(|| format!("the container ended with code {code}"), str::to_owned)
        }
    }
}

/// Whether no environment changed, with a part of the message for each.
fn describe_changes(comparisons: &[Comparison]) -> (StepResult, String) {
    let changed: Vec<_> = comparisons
        .iter()
        .filter_map(|one| Some(format!("`{}`: {}", one.path(), one.summary()?)))
        .collect();
    if !changed.is_empty() {
        return (StepResult::Failed, changed.join("; "));
    }
    let describe = |one: &Comparison| {
        let path = one.path();
        match (one.entries(), one.unread_count()) {
            (Some(entries), 0) => format!("`{path}`: {entries} entries as before"),
            (Some(entries), unread) => {
                format!("`{path}`: {entries} entries as before, {unread} of them unread")
            }
            (None, _) => format!("`{path}` does not exist, as before"),
        }
    };
    (StepResult::Passed, comparisons.iter().map(describe).collect::<Vec<_>>().join("; "))
}

impl Display for VerifyStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostWorks => "the environment of the host works",
            Self::Empty => "the container sees it empty",
            Self::Created => "a new one can be created in the container",
            Self::Works => "the new one works",
            Self::Ended => "the container has ended",
            Self::HostStillWorks => "the environment of the host still works",
            Self::Untouched => "the environment of the host is untouched",
        })
    }
}

impl Display for Checklist {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for ChecklistLine { step, result, message } in &self.0 {
            let (mark, prefix) = match result {
                StepResult::Passed => ("✓", ""),
                StepResult::Failed => ("✗", "failed: "),
                StepResult::Skipped => ("–", "skipped: "),
            };
            let colon = if message.is_empty() { "" } else { ": " };
            writeln!(f, "{mark} {step}{colon}{prefix}{message}")?;
        }
        Ok(())
    }
}

/// The error for a plan that hides nothing.
pub(crate) fn nothing_to_verify() -> Error {
    Error::failed("there is nothing to verify: no environment of this project is hidden")
        .hint("create one, or reserve a place for one with --venv .venv")
}
