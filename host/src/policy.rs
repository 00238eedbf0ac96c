//! Asking a policy. What comes back is believed only after [`crate::plan`].

mod answer;
mod filesystem;
mod limits;
mod run;
mod sandbox;
mod tuning;
mod watch;

use std::path::Path;
use std::time::Duration;

pub use answer::unanswered;

use crate::config::{Config, PolicySource, Selection};
use crate::error::{Error, Result};
use crate::escape::{brief, shown, shown_path};
use crate::file;
use crate::path::RelPath;
use crate::wit;
use crate::workspace::Workspace;
use limits::{Allowed, Limit};
use run::Ended;

/// Where a policy finds the workspace: the guest path of its one preopen.
const ROOT: &str = "/workspace";

/// A policy's answer, with what it was asked and what it took.
#[derive(Debug)]
pub struct Answer {
    /// What [`crate::plan::Plan::check`] judges.
    pub raw: wit::RawPlan,
    query: wit::Query,
    /// What the policy took, and the time it had.
    used: run::Used,
    time: Duration,
}

/// The built-in policy's component: what any other WASI host can run as well.
pub fn builtin() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"))
}

/// Loads the policy, and asks it what to hide in this workspace.
pub fn propose(config: &Config, workspace: &Workspace) -> Result<Answer> {
    let policy = Policy::load(&config.policy, workspace)?;
    let (query, layout) = question(config, workspace);
    let root = workspace.try_clone().map_err(|error| {
        Error::failed(format!("cannot open the workspace for the policy: {error}"))
    })?;

    let (asked, looked_for) = (layout.clone(), query.clone());
    let time = config.policy_timeout;
    let (findings, planned, used) = policy.ask(Some(root), time, move |guest| {
        let findings = match guest.detect(&looked_for)? {
            Ok(findings) => findings,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let plan = guest.plan(&findings, &asked)?.transpose();
        Ok(plan.map(|plan| (findings, plan, guest.used())))
    })?;
    let plan = match planned {
        Some(plan) => plan,
        // A detector finds, and the built-in policy plans.
        None => {
            let (findings, asked) = (findings.clone(), layout.clone());
            let planned = BUILTIN.ask(None, time, move |guest| {
                Ok(guest.plan(&findings, &asked)?.expect("the built-in policy plans"))
            });
            planned?
        }
    };
    Ok(Answer { raw: wit::RawPlan { findings, plan, layout }, query, used, time })
}

/// What a policy is asked about this workspace.
fn question(config: &Config, workspace: &Workspace) -> (wit::Query, wit::Layout) {
    let query = wit::Query {
        root: ROOT.to_owned(),
        selection: match &config.selection {
            Selection::Auto => wit::Selection::Auto,
            Selection::Off => wit::Selection::Off,
            Selection::Listed(paths) => {
                wit::Selection::Listed(paths.iter().map(RelPath::to_string).collect())
            }
        },
        depth: config.depth,
    };
    let layout = wit::Layout {
        // Told only for messages: what is mounted is the workspace itself.
        workspace: sayable(workspace.path().as_path()),
        backing: wit::Backing::Tmpfs,
        size: config.size,
    };
    (query, layout)
}

/// A path as the interface can say it, with U+FFFD for what it cannot.
fn sayable(path: &Path) -> String {
    path.to_string_lossy().replace(char::is_control, "\u{fffd}")
}

/// A policy's code and the name it goes by in messages.
struct Policy {
    name: String,
    /// `None` is the built-in one.
    bytes: Option<Vec<u8>>,
}

const BUILTIN: Policy = Policy { name: String::new(), bytes: None };

impl Policy {
    fn load(source: &PolicySource, workspace: &Workspace) -> Result<Self> {
        let (name, bytes) = match source {
            PolicySource::Builtin => return Ok(BUILTIN),
            PolicySource::File(path) => {
                (shown_path(path), file::read_named(path, limits::COMPONENT_BYTES))
            }
            PolicySource::Workspace(path) => (
                shown(path.as_str()).into_owned(),
                workspace.read(path.as_path(), limits::COMPONENT_BYTES),
            ),
        };
        let fail = |what: &dyn std::fmt::Display| {
            Error::failed(format!("cannot read policy `{name}`: {what}"))
        };
        match bytes {
            Ok(Some(bytes)) => Ok(Self { name, bytes: Some(bytes) }),
            Ok(None) => Err(fail(&"no such file")),
            Err(error) => Err(fail(&error)),
        }
    }

    /// Runs `work` with the policy in its sandbox and puts failures into words.
    fn ask<R: Send + 'static>(
        self,
        root: Option<std::fs::File>,
        time: Duration,
        work: impl FnOnce(&mut run::Guest) -> wasmtime::Result<Result<R, wit::Refusal>> + Send + 'static,
    ) -> Result<R> {
        let who = match &self.bytes {
            Some(_) => format!("policy `{}`", self.name),
            None => "the built-in policy".to_owned(),
        };
        match run::within_limits(self.bytes, root, Allowed { time, ..Allowed::DEFAULT }, work) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(refusal)) => {
                Err(Error::failed(format!("{who} refused: {}", refusal_text(&refusal))))
            }
            Err(Ended::Limit(limit)) => {
                let error = Error::failed(format!("{who} {limit}; nothing was started"));
                Err(match limit {
                    Limit::Time(_) => error.hint("--policy-timeout SECONDS gives it more"),
                    _ => error,
                })
            }
            Err(Ended::Invalid(what)) => {
                Err(Error::failed(format!("{who} cannot be used: {}", brief(&what)))
                    .hint(format!("this paude speaks {SPOKEN}")))
            }
            Err(Ended::Trap(what)) => {
                Err(Error::failed(format!("{who} crashed: {}; nothing was started", brief(&what))))
            }
        }
    }
}

/// The interface version that this host speaks.
const SPOKEN: &str = "paude:isolation@0.1.0";

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
