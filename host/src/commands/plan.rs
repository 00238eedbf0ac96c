//! `paude plan`.

use std::io::Write as _;

use super::print::print;
use crate::cli::{self, Format};
use crate::config::Config;
use crate::engine::Chosen;
use crate::error::{Exit, Result};
use crate::plan::Plan;
use crate::policy;
use crate::render::{self, Engine, Job};
use crate::volume::Volumes;
use crate::workspace::Workspace;

/// From the project to its plan, in the form that was asked for.
pub(super) fn execute(cli: &cli::Plan) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let config = Config::load(&cli.project, &workspace)?;
    let plan = Plan::check(&policy::propose(&config, &workspace, false)?.raw, &workspace, &config)?;
    let text = match cli.format {
        Format::Text => plan.to_string(),
        Format::Json => plan.json()? + "\n",
        Format::Podman => command(&config, &workspace, &plan, Engine::Podman, cli)?,
        Format::Docker => command(&config, &workspace, &plan, Engine::Docker, cli)?,
        Format::Native => command(&config, &workspace, &plan, Engine::Native, cli)?,
    };
    for warning in &config.warnings {
        let _ = writeln!(std::io::stderr(), "warning: {warning}");
    }
    print(text.as_bytes())
}

/// The command of an engine, whether or not it is installed.
fn command(
    config: &Config,
    workspace: &Workspace,
    plan: &Plan,
    engine: Engine,
    cli: &cli::Plan,
) -> Result<String> {
    let chosen = Chosen::assumed(engine);
    let mut job = Job::new(config, plan, &chosen, &cli.command)?;
    let volumes = Volumes::of(workspace, plan, engine, &job, false)?;
    job.volumes = volumes.as_ref().map(Volumes::sources).unwrap_or_default();
    let rendered = render::renderer(chosen.engine).render(plan, &job)?;
    Ok(format!("{}\n", rendered.command()))
}
