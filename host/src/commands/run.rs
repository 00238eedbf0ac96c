//! `paude` and `paude run`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::announce::{LargeEnvironmentSearch, announce_run, print_changes, print_lines};
use super::further;
use super::print::print;
use crate::cli::RunArgs;
use crate::config::Config;
use crate::engine::{self, Engine, Streams};
use crate::error::{Error, Exit, Result};
use crate::execute::{self, RunOutcome, SignalStream, Signals};
use crate::plan::Plan;
use crate::policy;
use crate::receipt::Receipt;
use crate::render::render;
use crate::run_spec::RunSpec;
use crate::session::Session;
use crate::volume::{PreparedVolumes, Volumes};
use crate::workspace::Workspace;

/// Runs the command. Returns its exit code.
pub(super) fn execute(args: &RunArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let config = Config::load(&args.project, &workspace)?;
    let proposal = policy::propose(&config, &workspace, args.quiet)?;
    let plan = Plan::check(&proposal.raw, &workspace, &config, proposal.deadline)?;
    let shared = further::share(plan, &workspace, &config, &args.project, args.quiet)?;
    let (plan, workspaces) = (&shared.plan, shared.workspaces(&workspace));
    let choose = if args.dry_run { engine::choose_for_display } else { engine::choose };
    let chosen = choose(config.engine)?;
    let mut spec = RunSpec::new(&config, &workspace, plan, &chosen, &args.command)?;
    if args.no_guard {
        spec.unguard()?;
    }
    let volumes = Volumes::for_plan(&workspace, plan, &spec, !args.dry_run)?;
    spec.volumes = volumes.as_ref().map(Volumes::mount_sources).unwrap_or_default();
    let rendered = render(plan, &spec)?;

    announce_run(args, &config, plan, &chosen, &spec, &rendered);
    if args.dry_run {
        return print(&rendered.text());
    }
    let receipt = args.receipt.as_deref();
    let receipt = receipt.map(|file| Receipt::prepare(file, &workspaces, plan)).transpose()?;
    let search = if args.quiet { None } else { LargeEnvironmentSearch::start(&workspace, plan) };
    let signals = Signals::new()?;
    let outcome = match &volumes {
        None => run(&workspaces, plan, &spec, Streams::Inherit, &signals),
        Some(volumes) => run_on_volumes(volumes, &workspaces, plan, &spec, args.quiet, &signals),
    };
    if let Some(search) = search {
        search.suggest_volume();
    }
    let exit = outcome.and_then(|outcome| outcome.exit);
    match receipt {
        None => exit,
        Some(receipt) => finish_receipt(receipt, args, &workspaces, chosen.engine, exit, &signals),
    }
}

/// Writes the receipt, also of a run that failed, so that no earlier one is taken for it. A
/// signal ends paude without a receipt.
fn finish_receipt(
    receipt: Receipt,
    args: &RunArgs,
    workspaces: &[&Workspace],
    engine: Engine,
    exit: Result<Exit>,
    signals: &Signals,
) -> Result<Exit> {
    let (signal_stream, _watch) = signals.watch()?;
    let cancelled = cancel_on_signal(signal_stream)?;
    let code = exit.as_ref().map_or_else(Error::code, |exit| exit.code());
    let finished = receipt.finish(workspaces, engine, code, &cancelled);
    let signal = signals.last_received().filter(|_| cancelled.load(Ordering::Relaxed));
    match (finished, signal) {
        (Ok(comparisons), _) => print_changes(args, &comparisons),
        (Err(_), _) if exit.is_err() => {
            return exit.map_err(|error| error.hint("the receipt could not be written"));
        }
        (Err(_), Some((name, exit))) => {
            print_lines(&[format!("error: ended by {name}; the receipt was not written")]);
            return Ok(exit);
        }
        (Err(error), None) => return Err(error),
    }
    exit
}

/// A flag that becomes true when a signal arrives.
fn cancel_on_signal(mut signals: SignalStream) -> Result<Arc<AtomicBool>> {
    let cancelled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&cancelled);
    execute::spawn_thread(move || {
        for _ in signals.forever() {
            flag.store(true, Ordering::Relaxed);
        }
    })?;
    Ok(cancelled)
}

/// Runs the setup in a container of its own if it has to run, and then the command.
fn run_on_volumes(
    volumes: &Volumes,
    workspaces: &[&Workspace],
    plan: &Plan,
    spec: &RunSpec,
    quiet: bool,
    signals: &Signals,
) -> Result<RunOutcome> {
    let start = |spec: &RunSpec, streams| run(workspaces, plan, spec, streams, signals);
    let run_setup = || {
        let outcome = start(&spec.setup_only(), Streams::NullStdin)?;
        Ok(match signals.last_received() {
            // The setup may have succeeded before the signal came; the command must not start.
            Some((_, exit)) => RunOutcome { exit: Ok(exit), ..outcome },
            None => outcome,
        })
    };
    match volumes.prepare(workspaces[0], quiet, run_setup)? {
        PreparedVolumes::Ready(_locks) => {
            start(&RunSpec { setup: None, ..spec.clone() }, Streams::Inherit)
        }
        PreparedVolumes::SetupFailed(outcome) => Ok(outcome),
    }
}

/// Runs the specification in a session of each directory, the project first; what they created is
/// removed when this returns.
pub(super) fn run(
    workspaces: &[&Workspace],
    plan: &Plan,
    spec: &RunSpec,
    streams: Streams<'_>,
    signals: &Signals,
) -> Result<RunOutcome> {
    // A signal must not end paude before the session has removed what it created.
    let (signal_stream, _watch) = signals.watch()?;
    let rendered = render(plan, spec)?;
    let mut sessions = Session::begin_all(workspaces, plan, spec)?;
    let outcome = execute::run(&rendered, spec, streams, signal_stream);
    if outcome.as_ref().map_or(true, |outcome| outcome.gone) {
        sessions.iter_mut().for_each(Session::record_container_gone);
    }
    outcome
}
