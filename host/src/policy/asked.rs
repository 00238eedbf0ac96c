//! One policy, asked: what it answers, or what went wrong in words.

use std::time::Duration;

use super::cache;
use super::inspect::{Fault, Inspection};
use super::limits::{Allowed, Limit};
use super::load::Policy;
use super::run::{Ended, Foreign, Running, Used};
use super::spinner::Spinner;
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
    name: Name,
    running: Running,
}

/// Why there is none.
pub(super) enum NotStarted {
    /// This host cannot run it.
    Invalid(Inspection),
    /// Anything else, in words.
    Other(Error),
}

/// How sentences speak of a policy.
struct Name {
    who: String,
    builtin: bool,
    /// Whether its machine code may be an earlier run's.
    kept: bool,
}

impl Asked {
    /// Starts a policy in its sandbox.
    pub(super) fn start(policy: Policy, terms: &Terms<'_>) -> Result<Self> {
        let who = policy.who.clone();
        Self::try_start(policy, terms).map_err(|fault| match fault {
            NotStarted::Invalid(inspection) => invalid(&who, &inspection.faults),
            NotStarted::Other(error) => error,
        })
    }

    /// [`Self::start`], with all faults of a component that cannot be.
    pub(super) fn try_start(policy: Policy, terms: &Terms<'_>) -> Result<Self, NotStarted> {
        let mut name = Name { who: policy.who, builtin: policy.bytes.is_none(), kept: false };
        let place = terms.workspace.map(|workspace| workspace.path().as_path());
        let root = terms.workspace.map(Workspace::try_clone).transpose().map_err(|error| {
            let what = format!("cannot open the workspace for the policy: {error}");
            NotStarted::Other(Error::failed(what))
        })?;
        let code = policy.bytes.map(|bytes| {
            let cache = if terms.cache { cache::open(place) } else { None };
            name.kept = cache.is_some();
            let once = if cache.is_some() { " (once; kept for later runs)" } else { "" };
            let text = format!("Compiling {}{once} ...", name.who);
            Foreign { bytes, cache, spinner: Spinner::new(text, !terms.quiet) }
        });
        match Running::start(code, root, Allowed { time: terms.time, ..Allowed::DEFAULT }) {
            Ok(running) => Ok(Self { name, running }),
            Err(Ended::Invalid(inspection)) => Err(NotStarted::Invalid(inspection)),
            Err(ended) => Err(NotStarted::Other(name.failure(ended))),
        }
    }

    /// Whether it turns findings into a plan itself.
    pub(super) fn plans(&self) -> bool {
        self.running.plans
    }

    /// How a sentence names it, and what it took so far.
    pub(super) fn used(&self) -> (String, Used) {
        (self.name.who.clone(), self.running.used())
    }

    /// What it exports and imports.
    pub(super) fn inspection(&self) -> &Inspection {
        &self.running.inspection
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
                let who = &self.name.who;
                Err(Error::failed(format!("{who} refused: {}", refusal_text(&refusal))))
            }
            Err(ended) => Err(self.name.failure(ended)),
        }
    }
}

impl Name {
    /// Why a policy gave no answer.
    fn failure(&self, ended: Ended) -> Error {
        let who = &self.who;
        let (error, hint) = match ended {
            Ended::Invalid(inspection) => return invalid(who, &inspection.faults),
            Ended::Limit(limit) => {
                let error = Error::failed(format!("{who} {limit}; nothing was started"));
                match limit {
                    Limit::Time(_) => {
                        return error.hint("--policy-timeout SECONDS gives it more");
                    }
                    _ => (error, "no setting gives it more"),
                }
            }
            Ended::Host(what) => {
                let what = brief(&what);
                return Error::failed(format!("{who} cannot be run: {what}; nothing was started"));
            }
            Ended::Trap(what) => {
                let what = brief(&what);
                let error = Error::failed(format!("{who} crashed: {what}; nothing was started"));
                let hint = match self.kept {
                    true => {
                        "this is a fault of the policy's own, or of its kept machine code, which \
                         --no-policy-cache makes anew"
                    }
                    false => "this is a fault of the policy's own",
                };
                (error, hint)
            }
        };
        match self.builtin {
            true => error,
            false => error.hint(format!("{hint}; `--policy builtin` decides without it")),
        }
    }
}

/// The first fault in a sentence, and how many there are besides.
fn invalid(who: &str, faults: &[Fault]) -> Error {
    let [fault, more @ ..] = faults else { return Error::failed(format!("{who} cannot be used")) };
    let more = match more.len() {
        0 => String::new(),
        1 => "; `paude policy check` shows another fault".to_owned(),
        more => format!("; `paude policy check` shows {more} more faults"),
    };
    Error::failed(format!("{who} cannot be used: {}", fault.what))
        .hint(format!("{}{more}", fault.hint))
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
