//! Asking a policy. What comes back is believed only after [`crate::plan`].

mod answer;
mod asked;
mod cache;
mod filesystem;
mod limits;
mod run;
mod sandbox;
mod spinner;
mod tuning;
mod watch;

use std::path::Path;
use std::time::Duration;

pub use answer::unanswered;

use crate::config::{Config, PolicySource, Selection};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::file;
use crate::path::RelPath;
use crate::wit;
use crate::workspace::Workspace;
use asked::{Asked, Terms};

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

/// Loads the policy, and asks it what to hide in this workspace. Where it has to be
/// compiled, a terminal is told, unless the person wants it `quiet`.
pub fn propose(config: &Config, workspace: &Workspace, quiet: bool) -> Result<Answer> {
    let (query, layout) = question(config, workspace);
    let terms = Terms {
        workspace: Some(workspace),
        time: config.policy_timeout,
        cache: config.policy_cache,
        quiet,
    };
    let mut policy = Asked::start(Policy::load(&config.policy, workspace)?, &terms)?;
    let findings = policy.detect(&query)?;
    // A detector finds, and the built-in policy plans.
    let plan = match policy.plans() {
        true => policy.plan(&findings, &layout)?,
        false => {
            let terms = Terms { workspace: None, ..terms };
            Asked::start(BUILTIN, &terms)?.plan(&findings, &layout)?
        }
    };
    let (used, time) = (policy.used(), config.policy_timeout);
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
    /// What it is called in a sentence.
    fn who(&self) -> String {
        match &self.bytes {
            Some(_) => format!("policy `{}`", self.name),
            None => "the built-in policy".to_owned(),
        }
    }

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
}

/// The interface version that this host speaks.
const SPOKEN: &str = "paude:isolation@0.1.0";
