//! One started policy: calls it, and turns its failures into error messages.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cache;
use super::failure::PolicyFailure;
use super::inspect::{ComponentFault, Inspection};
use super::limits::{self, Allowed, Limit};
use super::load::{LoadedPolicy, PolicyCode};
use super::spinner::{Spinner, group_digits};
use super::thread::{CodeSource, CustomComponent, PolicyThread, PolicyUsage};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::escape::brief;
use crate::wit;
use crate::workspace::Workspace;

/// The time before a compilation shows progress.
const COMPILE_DELAY: Duration = Duration::from_millis(200);
/// The time before a search shows progress.
const SEARCH_DELAY: Duration = Duration::from_millis(300);

/// How a policy is run.
pub(super) struct PolicyOptions<'w> {
    /// The workspace that the policy can read; `None` if it needs none.
    pub(super) workspace: Option<&'w Workspace>,
    /// The limit of the wall time; `None` for the default.
    pub(super) time: Option<Duration>,
    /// Whether its machine code is cached for later runs.
    pub(super) cache: bool,
    /// Whether progress is hidden.
    pub(super) quiet: bool,
    /// Whether other policies use a part of the time until the deadline.
    pub(super) shares_time: bool,
}

/// A policy that can be called.
pub(super) struct StartedPolicy {
    label: PolicyLabel,
    thread: PolicyThread,
    /// Whether progress is hidden.
    quiet: bool,
}

/// Why a policy did not start.
pub(super) enum NotStarted {
    /// This host cannot run the component: the inspection has at least one fault.
    Invalid(Inspection),
    /// Any other error.
    Other(Error),
}

/// What messages need to know about a policy.
struct PolicyLabel {
    /// The name, as the subject of a sentence.
    who: String,
    builtin: bool,
    /// Whether its machine code may come from the cache.
    cached: bool,
}

impl StartedPolicy {
    /// Starts a policy in its sandbox. The error of a component that this host cannot run
    /// describes its first fault.
    pub(super) fn start(
        policy: LoadedPolicy,
        options: &PolicyOptions<'_>,
        deadline: &mut Deadline,
    ) -> Result<Self> {
        let who = policy.who.clone();
        Self::try_start(policy, options, deadline).map_err(|reason| match reason {
            NotStarted::Invalid(inspection) => invalid_error(&who, &inspection.faults),
            NotStarted::Other(error) => error,
        })
    }

    /// Like [`Self::start`], but returns all faults of a component that this host cannot run.
    pub(super) fn try_start(
        policy: LoadedPolicy,
        options: &PolicyOptions<'_>,
        deadline: &mut Deadline,
    ) -> Result<Self, NotStarted> {
        let LoadedPolicy { who, code } = policy;
        let builtin = matches!(code, PolicyCode::Builtin(_));
        let mut label = PolicyLabel { who, builtin, cached: false };
        let workspace_path = options.workspace.map(|workspace| workspace.path().as_path());
        let root = options.workspace.map(Workspace::try_clone).transpose().map_err(|error| {
            let what = format!("cannot open the workspace for the policy: {error}");
            NotStarted::Other(Error::failed(what))
        })?;
        let default = if builtin { limits::BUILTIN_TIME } else { Allowed::DEFAULT.time };
        let time = options.time.unwrap_or(default);
        let allowed = Allowed { time, shares_time: options.shares_time, ..Allowed::DEFAULT };
        let mut compile = |bytes| {
            let cache = if options.cache { cache::open(workspace_path) } else { None };
            label.cached = cache.is_some();
            let once = if cache.is_some() { " (once; cached for later runs)" } else { "" };
            let text = format!("Compiling {}{once} ...", label.who);
            let spinner = Spinner::new(move || text.clone(), COMPILE_DELAY, !options.quiet);
            CustomComponent { bytes, cache, spinner }
        };
        let source = match code {
            PolicyCode::Builtin(policy) => CodeSource::Builtin(policy),
            PolicyCode::Component(bytes) => CodeSource::Custom(compile(bytes)),
        };
        match PolicyThread::start(source, root, allowed, deadline) {
            Ok(thread) => Ok(Self { label, thread, quiet: options.quiet }),
            Err(PolicyFailure::Invalid(inspection)) => Err(NotStarted::Invalid(inspection)),
            Err(failure) => Err(NotStarted::Other(label.failure_error(failure))),
        }
    }

    /// Whether the policy exports `planning`.
    pub(super) fn plans(&self) -> bool {
        self.thread.plans
    }

    /// Its name, as the subject of a sentence, and the resources it used so far.
    pub(super) fn usage(&self) -> (String, PolicyUsage) {
        (self.label.who.clone(), self.thread.usage())
    }

    /// The exports and imports of the component.
    pub(super) fn inspection(&self) -> &Inspection {
        &self.thread.inspection
    }

    /// Calls `detection.detect`. A refusal by the policy is an error.
    pub(super) fn detect(
        &mut self,
        query: &wit::Query,
        deadline: Deadline,
    ) -> Result<wit::Findings> {
        let (query, listed) = (query.clone(), self.thread.listed());
        let text = move || {
            let count = group_digits(listed.load(Ordering::Relaxed));
            format!("Looking for environments: {count} directories")
        };
        let mut spinner = Spinner::new(text, SEARCH_DELAY, !self.quiet);
        self.call(|thread| {
            thread.call(move |guest| guest.detect(&query), deadline, || spinner.update())
        })
    }

    /// Calls `planning.plan`, which the policy must export. A refusal by the policy is an error.
    pub(super) fn plan(
        &mut self,
        findings: &wit::Findings,
        layout: &wit::Layout,
        deadline: Deadline,
    ) -> Result<wit::Plan> {
        let (findings, layout) = (findings.clone(), layout.clone());
        self.call(|thread| {
            thread.call(move |guest| guest.plan(&findings, &layout), deadline, || ())
        })
    }

    fn call<R>(
        &mut self,
        call: impl FnOnce(&mut PolicyThread) -> Result<Result<R, wit::Refusal>, PolicyFailure>,
    ) -> Result<R> {
        match call(&mut self.thread) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(refusal)) => {
                let who = &self.label.who;
                Err(Error::failed(format!("{who} refused: {}", refusal_text(&refusal))))
            }
            Err(failure) => Err(self.label.failure_error(failure)),
        }
    }
}

impl PolicyLabel {
    fn failure_error(&self, failure: PolicyFailure) -> Error {
        let who = &self.who;
        let (error, hint) = match failure {
            PolicyFailure::Invalid(inspection) => return invalid_error(who, &inspection.faults),
            PolicyFailure::Limit(limit) => {
                let error = Error::failed(format!("{who} {limit}; nothing was started"));
                match limit {
                    Limit::Time(_) | Limit::TotalTime(_) => {
                        return error.hint("--policy-timeout SECONDS raises the limit");
                    }
                    Limit::Growth(bytes) if bytes < Allowed::DEFAULT.growth => {
                        (error, "`ulimit -v` allows paude no more")
                    }
                    _ => (error, "no setting raises the limit"),
                }
            }
            PolicyFailure::Host(what) => {
                let what = brief(&what);
                return Error::failed(format!("{who} cannot be run: {what}; nothing was started"));
            }
            PolicyFailure::Trap(what) => {
                let what = brief(&what);
                let error = Error::failed(format!("{who} crashed: {what}; nothing was started"));
                let hint = match self.cached {
                    true => {
                        "this is a bug in the policy, or in its cached machine code, which \
                         --no-policy-cache recompiles"
                    }
                    false => "this is a bug in the policy",
                };
                (error, hint)
            }
        };
        match self.builtin {
            true => error,
            false => error.hint(format!("{hint}; `--policy builtin` works without it")),
        }
    }
}

/// The first fault, and the number of the others.
fn invalid_error(who: &str, faults: &[ComponentFault]) -> Error {
    let [fault, others @ ..] = faults else {
        return Error::failed(format!("{who} cannot be used"));
    };
    let others = match others.len() {
        0 => String::new(),
        1 => "; `paude policy check` shows another fault".to_owned(),
        count => format!("; `paude policy check` shows {count} more faults"),
    };
    Error::failed(format!("{who} cannot be used: {}", fault.what))
        .hint(format!("{}{others}", fault.hint))
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
