//! What is run in the container, and what it answers.

use std::ffi::OsString;

use super::Step;
use crate::plan::Plan;

/// Looks, makes an environment and uses it, and says a line for each.
const SCRIPT: &str = include_str!("container.sh");

/// Begins the line of an answer.
const MARK: &str = "paude-verify ";

/// One step as the container saw it.
pub(super) struct Answer {
    pub(super) step: Step,
    pub(super) ok: bool,
    pub(super) said: String,
}

/// The command that the container runs. The environment is made where people would
/// make it; all are looked at.
pub fn command(plan: &Plan) -> Vec<OsString> {
    let python = plan.shadows().iter().find(|shadow| shadow.is_python());
    let primary = plan.primary().or(python).or(plan.shadows().first());
    let all = primary.into_iter().chain(plan.shadows());
    let mut command: Vec<OsString> =
        ["/bin/sh", "-c", SCRIPT, "paude"].into_iter().map(OsString::from).collect();
    command.extend(all.map(|shadow| shadow.target().as_os_str().to_owned()));
    command
}

/// Reads the answers. They are the container's, and may be anything.
pub(super) fn answers(text: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for line in text.lines() {
        let words = line.strip_prefix(MARK).and_then(|rest| rest.split_once(' '));
        let step = words.and_then(|(name, _)| match name {
            "empty" => Some(Step::Empty),
            "made" => Some(Step::Made),
            "works" => Some(Step::Works),
            _ => None,
        });
        match (step, words, answers.last_mut()) {
            (Some(step), Some((_, result)), _) => {
                answers.push(Answer { step, ok: result == "ok", said: String::new() });
            }
            (_, _, Some(answer)) => {
                if !answer.said.is_empty() {
                    answer.said.push_str(", ");
                }
                answer.said.push_str(line.trim());
            }
            _ => {}
        }
    }
    answers
}
