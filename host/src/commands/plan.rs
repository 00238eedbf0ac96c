//! `paude plan`.

use std::ffi::OsString;

use super::announce::print_lines;
use super::further;
use super::print::print;
use super::run::use_cache;
use crate::cli::{Format, PlanArgs};
use crate::config::Config;
use crate::devcontainer::Unused;
use crate::engine::{ChosenEngine, Engine};
use crate::error::{Exit, Result};
use crate::image::ProjectImages;
use crate::plan::Plan;
use crate::policy;
use crate::render::{Rendered, render};
use crate::run_spec::RunSpec;
use crate::volume::Volumes;
use crate::workspace::Workspace;

/// Prints the plan in the requested form.
pub(super) fn execute(args: &PlanArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let config = Config::load(&args.project, &workspace)?;
    let proposal = policy::propose(&config, &workspace, false)?;
    let plan = Plan::check(&proposal.raw, &workspace, &config, proposal.deadline)?;
    let plan = further::share(plan, &workspace, &config, &args.project, false)?.plan;
    let rendered = match args.format {
        Format::Text => Rendered::Document(plan.to_string()),
        Format::Json => Rendered::Document(plan.json()?),
        Format::Command(engine) => {
            render_command(&config, &workspace, &plan, engine, &args.command)?
        }
    };
    let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}"));
    print_lines(&warnings.chain(suggestion(&config, &workspace)).collect::<Vec<_>>());
    print(&rendered.text())
}

/// A line about a devcontainer.json that could be used.
fn suggestion(config: &Config, workspace: &Workspace) -> Option<String> {
    let unused = config.may_suggest_devcontainer.then(|| Unused::find(workspace)).flatten()?;
    Some(format!("note: {} ({})", unused.message, unused.advice))
}

/// Renders the command of an engine, which need not be installed.
fn render_command(
    config: &Config,
    workspace: &Workspace,
    plan: &Plan,
    engine: Engine,
    command: &[OsString],
) -> Result<Rendered> {
    let mut spec = RunSpec::new(config, workspace, plan, &ChosenEngine::assumed(engine), command)?;
    if let Some(images) = ProjectImages::of(config, workspace, plan, &spec, true)? {
        spec.image = images.reference();
    }
    let volumes = Volumes::for_plan(workspace, plan, &spec, false)?;
    spec.volumes = volumes.as_ref().map(Volumes::mount_sources).unwrap_or_default();
    use_cache(config, workspace, &mut spec, false)?;
    Ok(render(plan, &spec)?)
}
