//! One policy, asked: what it answers, or what went wrong in words.

use std::time::Duration;

use super::limits::{Allowed, Limit};
use super::run::{Ended, Foreign, Running, Used};
use super::spinner::Spinner;
use super::{Policy, SPOKEN, cache};
use crate::error::{Error, Result};
use crate::escape::brief;
use crate::wit;
use crate::workspace::Workspace;

/// On which terms a policy is asked.
pub(super) struct Terms<'w> {
    /// What it may look at, if it may.
    pub(super) workspace: Option<&'w Workspace>,
    /// Its wall time.
    pub(super) time: Duration,
    /// Whether its machine code is kept.
    pub(super) cache: bool,
    /// Whether nothing is said meanwhile.
    pub(super) quiet: bool,
}

/// A policy that has been started.
pub(super) struct Asked {
    who: String,
    running: Running,
}

impl Asked {
    /// Starts a policy in its sandbox.
    pub(super) fn start(policy: Policy, terms: &Terms<'_>) -> Result<Self> {
        let who = policy.who();
        let place = terms.workspace.map(|workspace| workspace.path().as_path());
        let root = terms.workspace.map(Workspace::try_clone).transpose().map_err(|error| {
            Error::failed(format!("cannot open the workspace for the policy: {error}"))
        })?;
        let code = policy.bytes.map(|bytes| {
            let cache = if terms.cache { cache::open(place) } else { None };
            let once = if cache.is_some() { " (once; kept for later runs)" } else { "" };
            let text = format!("Compiling {who}{once} ...");
            Foreign { bytes, cache, spinner: Spinner::new(text, !terms.quiet) }
        });
        match Running::start(code, root, Allowed { time: terms.time, ..Allowed::DEFAULT }) {
            Ok(running) => Ok(Self { who, running }),
            Err(ended) => Err(failure(&who, ended)),
        }
    }

    /// Whether it turns findings into a plan itself.
    pub(super) fn plans(&self) -> bool {
        self.running.plans
    }

    /// What it took so far.
    pub(super) fn used(&self) -> Used {
        self.running.used()
    }

    /// What it finds.
    pub(super) fn detect(&mut self, query: &wit::Query) -> Result<wit::Findings> {
        let query = query.clone();
        self.answered(|running| running.call(move |guest| guest.detect(&query)))
    }

    /// What it makes of findings; only of a policy that plans.
    pub(super) fn plan(
        &mut self,
        findings: &wit::Findings,
        layout: &wit::Layout,
    ) -> Result<wit::Plan> {
        let (findings, layout) = (findings.clone(), layout.clone());
        self.answered(|running| running.call(move |guest| guest.plan(&findings, &layout)))
    }

    fn answered<R>(
        &mut self,
        call: impl FnOnce(&mut Running) -> Result<Result<R, wit::Refusal>, Ended>,
    ) -> Result<R> {
        match call(&mut self.running) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(refusal)) => {
                let who = &self.who;
                Err(Error::failed(format!("{who} refused: {}", refusal_text(&refusal))))
            }
            Err(ended) => Err(failure(&self.who, ended)),
        }
    }
}

/// Why a policy gave no answer.
fn failure(who: &str, ended: Ended) -> Error {
    match ended {
        Ended::Limit(limit) => {
            let error = Error::failed(format!("{who} {limit}; nothing was started"));
            match limit {
                Limit::Time(_) => error.hint("--policy-timeout SECONDS gives it more"),
                _ => error,
            }
        }
        Ended::Invalid(what) => Error::failed(format!("{who} cannot be used: {}", brief(&what)))
            .hint(format!("this paude speaks {SPOKEN}")),
        Ended::Trap(what) => {
            Error::failed(format!("{who} crashed: {}; nothing was started", brief(&what)))
        }
    }
}

fn refusal_text(refusal: &wit::Refusal) -> String {
    match refusal {
        wit::Refusal::Invalid(what) | wit::Refusal::Unsupported(what) => brief(what),
        wit::Refusal::Unreadable(fault) if fault.path.is_empty() => {
            format!("cannot read the workspace: {}", brief(&fault.message))
        }
        wit::Refusal::Unreadable(fault) => {
            format!("cannot read `{}`: {}", brief(&fault.path), brief(&fault.message))
        }
    }
}
