//! `paude doctor`.

use std::time::Duration;

use super::further;
use super::print::print;
use crate::cli::{DoctorArgs, ReportFormat};
use crate::config::{Config, Selection};
use crate::devcontainer::Unused;
use crate::doctor::{self, Diagnosis};
use crate::engine::{self, Engine, query_within};
use crate::error::{Error, Exit, Result};
use crate::execute;
use crate::image::ProjectImages;
use crate::plan::Plan;
use crate::policy::{self, PolicyResult};
use crate::render::{Rendered, render};
use crate::run_spec::RunSpec;
use crate::workspace::Workspace;

/// How long a container that does nothing may take.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Checks the engines, the machine and the project. Every check runs, whatever others find.
pub(super) fn execute(args: &DoctorArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let mut diagnosis = Diagnosis::default();
    let working: Vec<_> = Engine::ALL
        .into_iter()
        .filter(|engine| doctor::check_engine(&mut diagnosis, *engine, workspace.path().as_path()))
        .collect();
    doctor::check_selinux(&mut diagnosis);

    match Config::load(&args.project, &workspace) {
        Err(error) => doctor::add_project(&mut diagnosis, &Err(error), &[]),
        Ok(config) => {
            let mut bare = None;
            let plan = policy::propose(&config, &workspace, false).and_then(|proposal| {
                let plan = Plan::check(&proposal.raw, &workspace, &config, proposal.deadline)?;
                bare = bare_plan(proposal, &workspace);
                Ok(further::share(plan, &workspace, &config, &args.project, false)?.plan)
            });
            doctor::add_project(&mut diagnosis, &plan, &config.warnings);
            if config.may_suggest_devcontainer
                && let Some(unused) = Unused::find(&workspace)
            {
                doctor::add_devcontainer(&mut diagnosis, &unused);
            }
            let chosen = engine::choose(config.engine);
            let chosen = doctor::add_chosen_engine(&mut diagnosis, &chosen, &working);
            if let (Ok(plan), Some(chosen)) = (&plan, chosen) {
                let mut spec = RunSpec::new(&config, &workspace, plan, chosen, &[]);
                doctor::add_network(&mut diagnosis, plan, &config.engine_args);
                let built = built_image(&config, &workspace, plan, &spec);
                let has_image = match &built {
                    Ok(None) => doctor::add_run_spec(&mut diagnosis, chosen.engine, &spec),
                    built => doctor::add_built_image(&mut diagnosis, chosen.engine, built),
                };
                if let (Ok(spec), Ok(Some((reference, _)))) = (&mut spec, built) {
                    spec.image = reference;
                }
                if let (Ok(spec), Some(bare), true, false) = (&spec, &bare, has_image, args.no_run)
                {
                    let failure = try_run(bare, spec);
                    doctor::add_run(&mut diagnosis, chosen.engine, failure.as_deref());
                }
            }
        }
    }
    if let Some(cache) = policy::cache_status(&workspace) {
        let (entries, unused) = (&cache.entries, cache.unused.as_ref());
        doctor::add_policy_cache(&mut diagnosis, &cache.directory, entries, unused);
    }
    print(&match args.format {
        ReportFormat::Text => diagnosis.to_string(),
        ReportFormat::Json => diagnosis.json()?,
    })?;
    Ok(if diagnosis.is_healthy() { Exit::Ok } else { Exit::ProblemFound })
}

/// The name of the image that a run would build, and what it is built from; `None` if nothing is
/// built.
fn built_image(
    config: &Config,
    workspace: &Workspace,
    plan: &Plan,
    spec: &Result<RunSpec>,
) -> Result<Option<(String, String)>> {
    let Ok(spec) = spec else { return Ok(None) };
    let images = ProjectImages::of(config, workspace, plan, spec, true)?;
    Ok(images.map(|images| (images.reference(), images.reason())))
}

/// A plan that shares the project and hides nothing: the mount points of the project's own plan
/// may not exist, and a diagnosis creates nothing.
fn bare_plan(proposal: PolicyResult, workspace: &Workspace) -> Option<Plan> {
    let PolicyResult { mut raw, deadline, .. } = proposal;
    raw.findings.environments.clear();
    raw.findings.primary = None;
    raw.plan.mounts.truncate(1); // the project
    let config = Config { selection: Selection::Off, ..Config::default() };
    Plan::check(&raw, workspace, &config, deadline).ok()
}

/// Runs a container that does nothing, started as a run starts its own. Returns the error
/// message of the engine if it fails. The native engine has been started by its own check.
fn try_run(bare: &Plan, spec: &RunSpec) -> Option<String> {
    let mut spec = RunSpec { setup: None, guarded: Vec::new(), ..spec.setup_only() };
    spec.directories.clear();
    spec.engine_args.push("--pull=never".to_owned());
    let argv = match render(bare, &spec) {
        Ok(Rendered::Command(argv)) => argv,
        Ok(_) => return None,
        Err(unsupported) => return Some(Error::from(unsupported).message().to_owned()),
    };
    let args: Vec<_> = argv.args.iter().filter_map(|arg| arg.to_str()).collect();
    let output = query_within(TRIAL_TIMEOUT, &argv.program, &args);
    if output.ok {
        return None;
    }
    // A client that is killed at the timeout leaves its container behind.
    let settling = spec.engine.client().map_or(Duration::ZERO, |client| client.settling);
    execute::remove_container(spec.engine, &spec.name, settling);
    Some(output.stderr)
}
