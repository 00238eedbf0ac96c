//! `paude` and `paude run`.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::announce::{LargeEnvironmentSearch, announce_run, print_changes, print_lines};
use super::further::{self, SharedPlan};
use super::print::print;
use crate::cli::{ProjectArgs, RunArgs};
use crate::config::Config;
use crate::engine::{self, ChosenEngine, Engine, Streams};
use crate::error::{Error, Exit, Result};
use crate::execute::{self, Observer, RunOutcome, SignalStream, Signals};
use crate::image::{EnsuredImage, ProjectImages};
use crate::plan::Plan;
use crate::policy;
use crate::receipt::Receipt;
use crate::render::render;
use crate::run_spec::RunSpec;
use crate::session::Session;
use crate::volume::{PreparedVolumes, Volumes};
use crate::workspace::Workspace;

/// All that is known before anything is started.
pub(super) struct PreparedRun {
    pub(super) config: Config,
    pub(super) shared: SharedPlan,
    pub(super) chosen: ChosenEngine,
    pub(super) spec: RunSpec,
    /// The environments that last.
    volumes: Option<Volumes>,
    /// The cache.
    cache: Option<Volumes>,
}

/// What a run is prepared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be run.
    Run,
    /// To be compared with a session that is up: nothing is created, but the engine is queried, as
    /// the user in the container depends on it.
    Compare,
    /// To be looked at: no engine is started for it, and nothing is created.
    Show,
}

/// Reads the settings, asks the policies, and puts together what runs. `adjust` changes it before
/// it is rendered.
pub(super) fn prepare(
    project: &ProjectArgs,
    workspace: &Workspace,
    command: &[OsString],
    purpose: Purpose,
    quiet: bool,
    signals: &Signals,
    adjust: impl FnOnce(&mut RunSpec) -> Result<()>,
) -> Result<PreparedRun> {
    let config = Config::load(project, workspace)?;
    let proposal = policy::propose(&config, workspace, quiet)?;
    let plan = Plan::check(&proposal.raw, workspace, &config, proposal.deadline)?;
    let shared = further::share(plan, workspace, &config, project, quiet)?;
    let plan = &shared.plan;
    let is_run = purpose == Purpose::Run;
    let is_shown = purpose == Purpose::Show;
    let choose = if is_shown { engine::choose_for_display } else { engine::choose };
    let chosen = choose(config.engine)?;
    let mut spec = RunSpec::new(&config, workspace, plan, &chosen, command)?;
    adjust(&mut spec)?;
    set_image(&config, workspace, plan, &mut spec, purpose, quiet, signals)?;
    let volumes = Volumes::for_plan(workspace, plan, &spec, is_run)?;
    spec.volumes = volumes.as_ref().map(Volumes::mount_sources).unwrap_or_default();
    let cache = use_cache(&config, workspace, &mut spec, is_run)?;
    Ok(PreparedRun { config, shared, chosen, spec, volumes, cache })
}

/// Has the run use the project's cache, if that is set. With `create`, the state directory is
/// created.
pub(super) fn use_cache(
    config: &Config,
    workspace: &Workspace,
    spec: &mut RunSpec,
    create: bool,
) -> Result<Option<Volumes>> {
    if !config.cache {
        return Ok(None);
    }
    let cache = Volumes::for_cache(workspace, spec, create)?;
    let may_link = spec.volumes.is_empty() || !config.storage.keeps_python();
    cache.mount_sources().into_iter().for_each(|source| spec.use_cache(source, may_link));
    Ok(Some(cache))
}

/// Runs the command. Returns its exit code.
pub(super) fn execute(args: &RunArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let purpose = if args.dry_run { Purpose::Show } else { Purpose::Run };
    let adjust = |spec: &mut RunSpec| if args.no_guard { spec.unguard() } else { Ok(()) };
    let signals = Signals::new()?;
    let (project, command) = (&args.project, &args.command);
    let prepared = prepare(project, &workspace, command, purpose, args.quiet, &signals, adjust)?;
    let PreparedRun { config, shared, chosen, spec, .. } = &prepared;
    let (plan, workspaces) = (&shared.plan, shared.workspaces(&workspace));
    let rendered = render(plan, spec)?;

    announce_run(args, config, plan, chosen, spec, &rendered);
    if args.dry_run {
        return print(&rendered.text());
    }
    let receipt = args.receipt.as_deref();
    let receipt = receipt.map(|file| Receipt::prepare(file, &workspaces, plan)).transpose()?;
    let search = if args.quiet { None } else { LargeEnvironmentSearch::start(&workspace, plan) };
    let publish = || Publish::Joinable;
    let outcome =
        run_prepared(&prepared, &workspace, args.quiet, Streams::Inherit, &signals, publish);
    if let Some(search) = search {
        search.suggest_volume();
    }
    let exit = outcome.and_then(|outcome| outcome.exit);
    match receipt {
        None => exit,
        Some(receipt) => finish_receipt(receipt, args, &workspaces, chosen.engine, exit, &signals),
    }
}

/// Has the run use the image that is built from the project, if the settings want one.
fn set_image(
    config: &Config,
    workspace: &Workspace,
    plan: &Plan,
    spec: &mut RunSpec,
    purpose: Purpose,
    quiet: bool,
    signals: &Signals,
) -> Result<()> {
    let images = ProjectImages::of(config, workspace, plan, spec, quiet)?;
    let Some(images) = images else { return Ok(()) };
    spec.image_reason = Some(images.reason());
    spec.image = match purpose {
        Purpose::Compare | Purpose::Show => images.reference(),
        Purpose::Run => match images.ensure(signals)? {
            EnsuredImage::Ready(id) => id,
            EnsuredImage::Interrupted(signal, exit) => {
                let message = format!("ended by {signal}; no image was built");
                return Err(Error::interrupted(message, exit));
            }
        },
    };
    Ok(())
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

/// Runs what was prepared, on its volumes if it has any.
pub(super) fn run_prepared(
    prepared: &PreparedRun,
    workspace: &Workspace,
    quiet: bool,
    streams: Streams<'_>,
    signals: &Signals,
    publish: impl Fn() -> Publish,
) -> Result<RunOutcome> {
    let PreparedRun { shared, spec, volumes, cache, .. } = prepared;
    let _cache_locks = match cache.as_ref().map(|cache| cache.prepare_alone(workspace, quiet)) {
        Some(locks) => Some(locks?),
        None => None,
    };
    let (plan, workspaces) = (&shared.plan, shared.workspaces(workspace));
    let Some(volumes) = volumes else {
        return run(&workspaces, plan, spec, streams, signals, publish());
    };
    if !volumes.have_setup() {
        let _locks = volumes.prepare_alone(workspaces[0], quiet)?;
        return run(&workspaces, plan, spec, streams, signals, publish());
    }
    let run_setup = || {
        let setup = spec.setup_only();
        let outcome = run(&workspaces, plan, &setup, Streams::NullStdin, signals, Publish::Hidden)?;
        Ok(match signals.last_received() {
            // The setup may have succeeded before the signal came; the command must not start.
            Some((_, exit)) => RunOutcome { exit: Ok(exit), ..outcome },
            None => outcome,
        })
    };
    match volumes.prepare(workspaces[0], quiet, run_setup)? {
        PreparedVolumes::Ready(_locks) => {
            let command = RunSpec { setup: None, ..spec.clone() };
            run(&workspaces, plan, &command, streams, signals, publish())
        }
        PreparedVolumes::SetupFailed(outcome) => Ok(outcome),
    }
}

/// Who learns of a session.
pub(super) enum Publish {
    /// Nobody.
    Hidden,
    /// Those who join it.
    Joinable,
    /// Those who read the record that this observer keeps.
    Recorded(Observer),
}

/// Runs the specification in a session of each directory, the project first; what they created is
/// removed when this returns.
pub(super) fn run(
    workspaces: &[&Workspace],
    plan: &Plan,
    spec: &RunSpec,
    streams: Streams<'_>,
    signals: &Signals,
    publish: Publish,
) -> Result<RunOutcome> {
    // A signal must not end paude before the session has removed what it created.
    let (signal_stream, _watch) = signals.watch()?;
    let rendered = render(plan, spec)?;
    let mut sessions = Session::begin_all(workspaces, plan, spec)?;
    // The project's is the one that is joined.
    let session = sessions.first_mut().expect("the project comes first");
    let observer = match publish {
        // Without paude's script there is no shell to join it with.
        Publish::Joinable if !spec.unguarded => session.publish(plan, spec),
        Publish::Hidden | Publish::Joinable => None,
        Publish::Recorded(observer) => Some(observer),
    };
    let observer = observer.unwrap_or_else(|| Arc::new(|_| {}));
    let outcome = execute::run(&rendered, spec, streams, signal_stream, &observer);
    if outcome.as_ref().map_or(true, |outcome| outcome.gone) {
        sessions.iter_mut().for_each(Session::record_container_gone);
    }
    Session::end_all(sessions);
    outcome
}
