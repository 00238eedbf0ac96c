//! `paude` and `paude run`.

use super::announce::{self, Large, announce};
use super::print::print;
use crate::cli;
use crate::config::Config;
use crate::engine::{self, Ended, Signals, Streams};
use crate::error::{Error, Exit, Result};
use crate::plan::Plan;
use crate::policy;
use crate::receipt::Receipt;
use crate::render::{self, Engine, Job, Rendered};
use crate::session::Session;
use crate::volume::{Ready, Volumes};
use crate::workspace::Workspace;

/// From the project to the command's exit code.
pub(super) fn execute(cli: &cli::Run) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let config = Config::load(&cli.project, &workspace)?;
    let answer = policy::propose(&config, &workspace, cli.quiet)?;
    let plan = Plan::check(&answer.raw, &workspace, &config)?;
    let choose = if cli.dry_run { engine::choose_for_show } else { engine::choose };
    let chosen = choose(config.engine)?;
    let mut job = Job::new(&config, &plan, &chosen, &cli.command)?;
    if cli.no_guard {
        job.unguard(chosen.engine)?;
    }
    let volumes = Volumes::of(&workspace, &plan, chosen.engine, &job, !cli.dry_run)?;
    job.volumes = volumes.as_ref().map(Volumes::sources).unwrap_or_default();
    let rendered = render::renderer(chosen.engine).render(&plan, &job)?;

    announce(cli, &config, &plan, &chosen, &job, &rendered);
    if cli.dry_run {
        return print(format!("{}\n", rendered.command()).as_bytes());
    }
    let receipt = cli.receipt.as_deref();
    let receipt = receipt.map(|file| Receipt::begin(file, &workspace, &plan)).transpose()?;
    let large = if cli.quiet { None } else { Large::look(&workspace, &plan) };
    let signals = Signals::new()?;
    let ended = match &volumes {
        None => run(&workspace, &plan, chosen.engine, &job, &rendered, Streams::Own, &signals),
        Some(volumes) => {
            keeping(volumes, &workspace, &plan, chosen.engine, &job, cli.quiet, &signals)
        }
    };
    if let Some(large) = large {
        large.suggest_volume();
    }
    let ended = ended.and_then(|ended| ended.exit);
    let Some(receipt) = receipt else { return ended };
    // An earlier run's receipt must not be left to speak for this one.
    let _held = signals.watch()?;
    let code = ended.as_ref().map_or_else(Error::code, |exit| exit.code());
    match receipt.end(&workspace, chosen.engine, code) {
        Ok(compared) => announce::changed(cli, &compared),
        Err(error) if ended.is_ok() => return Err(error),
        Err(_) => return ended.map_err(|error| error.hint("the receipt could not be written")),
    }
    ended
}

/// A run on volumes: the setup in a container of its own, if it has to run.
fn keeping(
    volumes: &Volumes,
    workspace: &Workspace,
    plan: &Plan,
    engine: Engine,
    job: &Job,
    quiet: bool,
    signals: &Signals,
) -> Result<Ended> {
    let start = |job: &Job, streams| {
        let rendered = render::renderer(engine).render(plan, job)?;
        run(workspace, plan, engine, job, &rendered, streams, signals)
    };
    let setup = || {
        let ended = start(&job.setup_alone(), Streams::Unread)?;
        Ok(match signals.came() {
            // Perhaps so late that the setup succeeded: it ends the command too.
            Some((_, exit)) => Ended { exit: Ok(exit), ..ended },
            None => ended,
        })
    };
    match volumes.ready(workspace, quiet, setup)? {
        Ready::Held(_held) => start(&Job { setup: None, ..job.clone() }, Streams::Own),
        Ready::Failed(ended) => Ok(ended),
    }
}

/// The run itself; what it began is ended when this returns.
pub(super) fn run(
    workspace: &Workspace,
    plan: &Plan,
    engine: Engine,
    job: &Job,
    rendered: &Rendered,
    streams: Streams<'_>,
    signals: &Signals,
) -> Result<Ended> {
    // From here on a signal must not keep the session from ending what it began.
    let (watched, _watching) = signals.watch()?;
    let mut session = Session::begin(workspace, plan, engine, job)?;
    let ended = engine::run(rendered, engine, job, streams, watched);
    if ended.as_ref().map_or(true, |ended| ended.gone) {
        session.container_gone();
    }
    ended
}
