//! Runs the policies of a project. Their result is untrusted until [`crate::plan`] has checked it.

mod address_space;
mod builtin;
mod cache;
mod component_check;
mod failure;
mod filesystem;
mod findings_check;
mod inspect;
mod limits;
mod load;
mod merge;
mod result;
mod sandbox;
mod spinner;
mod started;
mod thread;
mod tuning;
mod watchdog;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub(crate) use builtin::builtin;
pub(crate) use cache::cache_status;
pub(crate) use component_check::{ComponentCheck, check_component};
pub(crate) use limits::COMPONENT_BYTES;
pub(crate) use result::error_json;

use crate::config::{BuiltinPolicy, Changes, Config, PolicySource, Selection};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::path::RelPath;
use crate::value::Storage;
use crate::wit;
use crate::workspace::Workspace;
use load::LoadedPolicy;
use started::{PolicyOptions, StartedPolicy};

/// The guest path of a policy's only preopened directory, the workspace.
const ROOT: &str = "/workspace";

/// The interface that this host implements, with its version.
const INTERFACE: &str = "paude:isolation@0.1.0";

/// The merged result of all policies, unchecked.
#[derive(Debug)]
pub struct PolicyResult {
    /// The input of [`crate::plan::Plan::check`].
    pub raw: wit::RawPlan,
    /// The end of the time that the policies and the check have together.
    pub deadline: Deadline,
    query: wit::Query,
    /// The name and the resource usage of each policy, in the order of the configuration.
    usage: Vec<(String, thread::PolicyUsage)>,
}

/// Runs the configured policies one after the other, and returns their merged result. While
/// one is compiled or searches, stderr shows progress if it is a terminal and not `quiet`.
///
/// Fails if a policy cannot be read or run, exceeds a limit, crashes, refuses or returns too much
/// or an invalid path, and if more than one policy besides the built-in one exports `planning`.
pub fn propose(config: &Config, workspace: &Workspace, quiet: bool) -> Result<PolicyResult> {
    let (query, layout) = build_query(config, workspace);
    let options = PolicyOptions {
        workspace: Some(workspace),
        time: config.policy_timeout,
        cache: config.policy_cache,
        quiet,
        shares_time: config.policies.len() > 1,
    };
    let mut deadline = Deadline::after(total_time(config));
    let (mut results, mut usage) = (Vec::new(), Vec::new());
    let (mut planner, mut builtin) = (None, None);
    for (index, choice) in config.policies.iter().enumerate() {
        let loaded = deadline.exclude(|| LoadedPolicy::load(choice, workspace))?;
        let mut policy = StartedPolicy::start(loaded, &options, &mut deadline)?;
        let findings = policy.detect(&query, deadline)?;
        usage.push(policy.usage());
        // Before any other code uses it, so that its fault is not attributed to another policy.
        findings_check::check_findings(&usage[index].0, &findings)?;
        results.push(findings);
        // The built-in policy plans only if no other one does.
        match (policy.plans(), &choice.source) {
            (true, PolicySource::Builtin(_)) => builtin = Some((index, policy)),
            (true, _) => {
                if let Some((other, _)) = planner.replace((index, policy)) {
                    return Err(two_planners(&usage[other].0, &usage[index].0));
                }
            }
            (false, _) => {}
        }
    }
    let backings = choose_backings(config, &results);
    let findings = merge::merge(results);
    let plan = match planner.or(builtin) {
        Some((index, mut policy)) => {
            let plan = policy.plan(&findings, &layout, deadline)?;
            usage[index] = policy.usage();
            plan
        }
        None => {
            let options = PolicyOptions { workspace: None, shares_time: true, ..options };
            let builtin = LoadedPolicy::builtin(BuiltinPolicy::Python);
            let mut policy = StartedPolicy::start(builtin, &options, &mut deadline)?;
            policy.plan(&findings, &layout, deadline)?
        }
    };
    let raw = wit::RawPlan { findings, plan, layout, backings };
    Ok(PolicyResult { raw, deadline, query, usage })
}

/// The wall time of all policies, the merge and the check of the result together: the time of the
/// policy that has the most.
fn total_time(config: &Config) -> Duration {
    let searches =
        config.policies.iter().any(|choice| matches!(choice.source, PolicySource::Builtin(_)));
    let default = if searches { limits::BUILTIN_TIME } else { limits::CUSTOM_TIME };
    config.policy_timeout.unwrap_or(default)
}

fn two_planners(one: &str, other: &str) -> Error {
    Error::usage(format!("{one} and {other} both export `planning`, and only one policy may"))
        .hint("remove one of them; policies that only detect can be combined with any other")
}

/// The arguments of `detect` and `plan` for this workspace.
fn build_query(config: &Config, workspace: &Workspace) -> (wit::Query, wit::Layout) {
    let strings = |paths: &[RelPath]| paths.iter().map(RelPath::to_string).collect();
    let (selection, changes) = match &config.selection {
        Selection::Auto(changes) => (wit::Selection::Auto, changes.clone()),
        Selection::Off => (wit::Selection::Off, Changes::default()),
        Selection::Listed(paths) => (wit::Selection::Listed(strings(paths)), Changes::default()),
    };
    let query = wit::Query {
        root: ROOT.to_owned(),
        selection,
        also: strings(&changes.also),
        except: strings(&changes.except),
        depth: config.depth,
        skip: config.skip.clone(),
    };
    let layout = wit::Layout {
        // Policies only repeat it: the host mounts the workspace by its own handle.
        workspace: representable(workspace.path().as_path()),
        backing: backing(config.storage.or_default(None)),
        size: config.size,
    };
    (query, layout)
}

/// What findings are stored in, by their paths. Where several policies found one directory, `python`
/// counts least, as it finds whatever is listed, and the other built-in ones count most.
fn choose_backings(config: &Config, results: &[wit::Findings]) -> BTreeMap<String, wit::Backing> {
    let sources = config.policies.iter().map(|choice| &choice.source);
    let mut found: Vec<_> = sources.zip(results).collect();
    found.sort_by_key(|(source, _)| match source {
        PolicySource::Builtin(BuiltinPolicy::Python) => 0,
        PolicySource::Builtin(_) => 2,
        _ => 1,
    });
    let mut backings = BTreeMap::new();
    for (source, findings) in found {
        let storage = match source {
            PolicySource::Builtin(policy) => policy.storage(config.storage),
            _ => config.storage.or_default(None),
        };
        let paths = findings.environments.iter().map(|finding| finding.path.clone());
        backings.extend(paths.map(|path| (path, backing(storage))));
    }
    backings
}

fn backing(storage: Storage) -> wit::Backing {
    match storage {
        Storage::Tmpfs => wit::Backing::Tmpfs,
        Storage::Volume => wit::Backing::Volume,
    }
}

/// A path as a WIT string, with U+FFFD for each control character and each byte that is not
/// UTF-8, as `layout.workspace` requires.
fn representable(path: &Path) -> String {
    path.to_string_lossy().replace(char::is_control, "\u{fffd}")
}
