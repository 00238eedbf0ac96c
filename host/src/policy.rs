//! Asking a policy. What comes back is believed only after [`crate::plan`].

mod answer;
mod asked;
mod builtin;
mod cache;
mod check;
mod filesystem;
mod inspect;
mod limits;
mod load;
mod run;
mod sandbox;
mod spinner;
mod tuning;
mod unite;
mod watch;

use std::path::Path;
use std::time::Duration;

pub use answer::unanswered;
pub use builtin::builtin;
pub use cache::{Kept, kept};
pub use check::{Checked, check};

use crate::config::{Config, PolicySource, Selection};
use crate::error::{Error, Result};
use crate::path::RelPath;
use crate::value::Storage;
use crate::wit;
use crate::workspace::Workspace;
use asked::{Asked, Terms};
use load::Policy;

/// Where a policy finds the workspace: the guest path of its one preopen.
const ROOT: &str = "/workspace";

/// What the policies answered, with what they were asked and what they took.
#[derive(Debug)]
pub struct Answer {
    /// What [`crate::plan::Plan::check`] judges.
    pub raw: wit::RawPlan,
    query: wit::Query,
    /// What each policy took, and the time that each had.
    used: Vec<(String, run::Used)>,
    time: Duration,
}

/// Asks the policies, one after the other, what to hide in this workspace. Where one has to
/// be compiled, a terminal is told, unless the person wants it `quiet`.
pub fn propose(config: &Config, workspace: &Workspace, quiet: bool) -> Result<Answer> {
    let (query, layout) = question(config, workspace);
    let terms = Terms {
        workspace: Some(workspace),
        time: config.policy_timeout,
        cache: config.policy_cache,
        quiet,
    };
    let (mut answers, mut used) = (Vec::new(), Vec::new());
    let (mut planner, mut builtin) = (None, None);
    for (at, choice) in config.policies.iter().enumerate() {
        let mut policy = Asked::start(Policy::load(choice, workspace)?, &terms)?;
        answers.push(policy.detect(&query)?);
        used.push(policy.used());
        // The built-in one plans where no other does.
        match (policy.plans(), &choice.source) {
            (true, PolicySource::Builtin) => builtin = Some((at, policy)),
            (true, _) => {
                if let Some((other, _)) = planner.replace((at, policy)) {
                    return Err(two_planners(&used[other].0, &used[at].0));
                }
            }
            (false, _) => {}
        }
    }
    let findings = unite::unite(answers);
    let plan = match planner.or(builtin) {
        Some((at, mut policy)) => {
            let plan = policy.plan(&findings, &layout)?;
            used[at] = policy.used();
            plan
        }
        None => {
            let terms = Terms { workspace: None, ..terms };
            Asked::start(Policy::builtin(), &terms)?.plan(&findings, &layout)?
        }
    };
    let raw = wit::RawPlan { findings, plan, layout };
    Ok(Answer { raw, query, used, time: config.policy_timeout })
}

fn two_planners(one: &str, other: &str) -> Error {
    Error::usage(format!("{one} and {other} both plan, and one plan is wanted"))
        .hint("leave out one of them; a policy that only detects goes with any other")
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
        backing: match config.storage {
            Storage::Tmpfs => wit::Backing::Tmpfs,
            Storage::Volume => wit::Backing::Volume,
        },
        size: config.size,
    };
    (query, layout)
}

/// A path as the interface can say it, with U+FFFD for what it cannot.
fn sayable(path: &Path) -> String {
    path.to_string_lossy().replace(char::is_control, "\u{fffd}")
}

/// The interface version that this host speaks.
const SPOKEN: &str = "paude:isolation@0.1.0";
