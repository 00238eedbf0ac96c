//! The proof, on a person's own project and engine, that host and container each keep a
//! working environment: a list of steps, and what each of them showed.

mod container;
mod host;
mod json;

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::engine::{Ended, Kept};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::plan::Plan;
use crate::receipt::Compared;

pub use container::command;

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The Python of each environment of the host runs.
    HostWorks,
    /// Each is empty in the container.
    Empty,
    /// One can be made there.
    Made,
    /// That one works.
    Works,
    /// The container has ended and is gone.
    Left,
    /// The Python of each environment of the host still runs.
    HostStillWorks,
    /// Nothing of them changed.
    Untouched,
}

/// What a step showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is so.
    Passed,
    /// It is not so.
    Failed,
    /// Nothing: what it needs is not there.
    Skipped,
}

/// One line of the list.
#[derive(Debug, Serialize)]
struct Line {
    step: Step,
    result: Verdict,
    /// What was seen, or why it failed or was skipped; escaped.
    said: String,
}

/// The list, as far as it is known.
#[derive(Debug, Default)]
pub struct Checklist(Vec<Line>);

impl Checklist {
    fn tell(&mut self, step: Step, result: Verdict, said: &str) {
        self.0.push(Line { step, result, said: shown(said).into_owned() });
    }

    fn passed(&self, step: Step) -> bool {
        self.0.iter().any(|line| line.step == step && line.result == Verdict::Passed)
    }

    /// Whether no step failed.
    pub fn holds(&self) -> bool {
        self.0.iter().all(|line| line.result != Verdict::Failed)
    }

    /// Before: the environments of the host.
    pub fn host_before(&mut self, plan: &Plan) {
        let (result, said) = host::works(plan);
        self.tell(Step::HostWorks, result, &said);
    }

    /// What the container showed, and how it ended.
    pub fn container(&mut self, ended: &Result<Ended>, kept: &Kept) {
        let answers = container::answers(&kept.stdout());
        let why = match ended {
            Err(error) => error.message().to_owned(),
            Ok(Ended { exit: Err(error), .. }) => error.message().to_owned(),
            Ok(Ended { exit: Ok(exit), .. }) => {
                let said = kept.stderr();
                let last = said.lines().rev().find(|line| !line.trim().is_empty());
                let code = exit.code();
                last.map_or_else(|| format!("the container ended with code {code}"), str::to_owned)
            }
        };
        let mut before: Option<Step> = None;
        for step in [Step::Empty, Step::Made, Step::Works] {
            match answers.iter().find(|answer| answer.step == step) {
                Some(answer) if answer.ok => self.tell(step, Verdict::Passed, &answer.said),
                Some(answer) => self.tell(step, Verdict::Failed, &answer.said),
                None if before.is_none_or(|before| self.passed(before)) => {
                    self.tell(step, Verdict::Failed, &why);
                }
                None => self.tell(step, Verdict::Skipped, "the step before it failed"),
            }
            before = Some(step);
        }
        match ended {
            Ok(Ended { gone: true, .. }) => self.tell(Step::Left, Verdict::Passed, ""),
            Ok(_) => self.tell(Step::Left, Verdict::Failed, "the container cannot be removed"),
            Err(_) => self.tell(Step::Left, Verdict::Skipped, "it did not come to its end"),
        }
    }

    /// After: the environments of the host, and what became of them.
    pub fn host_after(&mut self, plan: &Plan, compared: &Result<Vec<Compared>>) {
        let before = self.0.iter().find(|line| line.step == Step::HostWorks);
        let (result, said) = match before.map(|line| line.result) {
            Some(Verdict::Failed) => (Verdict::Skipped, "it did not work before".to_owned()),
            _ => host::works(plan),
        };
        self.tell(Step::HostStillWorks, result, &said);
        let (result, said) = match compared {
            Err(error) => (Verdict::Failed, error.message().to_owned()),
            Ok(compared) => untouched(compared),
        };
        self.tell(Step::Untouched, result, &said);
    }
}

/// What became of the environments, in words.
fn untouched(compared: &[Compared]) -> (Verdict, String) {
    let changed: Vec<_> = compared
        .iter()
        .filter_map(|one| Some(format!("`{}`: {}", one.path(), one.summary()?)))
        .collect();
    if !changed.is_empty() {
        return (Verdict::Failed, changed.join("; "));
    }
    let same = |one: &Compared| match one.entries() {
        Some(entries) if one.unread() > 0 => {
            format!(
                "`{}`: {entries} entries as before, {} of them unread",
                one.path(),
                one.unread()
            )
        }
        Some(entries) => format!("`{}`: {entries} entries as before", one.path()),
        None => format!("`{}` is not there, as before", one.path()),
    };
    (Verdict::Passed, compared.iter().map(same).collect::<Vec<_>>().join("; "))
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostWorks => "the environment of the host works",
            Self::Empty => "the container sees it empty",
            Self::Made => "a new one can be made in the container",
            Self::Works => "the new one works",
            Self::Left => "the container has ended",
            Self::HostStillWorks => "the environment of the host still works",
            Self::Untouched => "the environment of the host is untouched",
        })
    }
}

impl Display for Checklist {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for Line { step, result, said } in &self.0 {
            let mark = match result {
                Verdict::Passed => "✓",
                Verdict::Failed => "✗",
                Verdict::Skipped => "–",
            };
            let word = match result {
                Verdict::Passed => "",
                Verdict::Failed => "failed: ",
                Verdict::Skipped => "skipped: ",
            };
            let colon = if said.is_empty() { "" } else { ": " };
            writeln!(f, "{mark} {step}{colon}{word}{said}")?;
        }
        Ok(())
    }
}

/// Says that there is nothing to verify.
pub fn nothing() -> Error {
    Error::failed("there is nothing to verify: no environment of this project is hidden")
        .hint("make one, or keep a place for one with --venv .venv")
}
