//! `paude` and `paude run`.

use super::announce::announce;
use super::print::print;
use crate::cli;
use crate::config::Config;
use crate::engine;
use crate::error::{Exit, Result};
use crate::plan::Plan;
use crate::policy;
use crate::render::{self, Job};
use crate::session::Session;
use crate::workspace::Workspace;

/// From the project to the command's exit code.
pub(super) fn execute(cli: &cli::Run) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let config = Config::load(&cli.project, &workspace)?;
    let answer = policy::propose(&config, &workspace, cli.quiet)?;
    let plan = Plan::check(&answer.raw, &workspace, &config)?;
    let choose = if cli.dry_run { engine::choose_for_show } else { engine::choose };
    let chosen = choose(config.engine)?;
    let job = Job::new(&config, &plan, &chosen, &cli.command)?;
    let rendered = render::renderer(chosen.engine).render(&plan, &job)?;

    announce(cli, &config, &plan, &chosen, &job, &rendered);
    if cli.dry_run {
        return print(format!("{}\n", rendered.command()).as_bytes());
    }
    // From here on a signal must not keep the session from ending what it began.
    let signals = engine::watch()?;
    let mut session = Session::begin(&workspace, &plan, chosen.engine, &job)?;
    let ended = engine::run(&rendered, chosen.engine, &job, signals);
    if ended.as_ref().map_or(true, |ended| ended.gone) {
        session.container_gone();
    }
    ended.map(|ended| ended.exit)
}
