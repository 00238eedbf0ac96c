//! `paude verify`.

use std::sync::atomic::AtomicBool;

use super::announce::{print_lines, print_warnings};
use super::print::print;
use super::run::{Publish, run};
use crate::cli::{ReportFormat, VerifyArgs};
use crate::config::Config;
use crate::engine::{self, CaptureFiles, Engine, Streams};
use crate::error::{Exit, Result};
use crate::escape::{shown, shown_path};
use crate::execute::Signals;
use crate::image::{EnsuredImage, ProjectImages};
use crate::json_line;
use crate::plan::Plan;
use crate::policy;
use crate::receipt::{Comparison, EnvironmentsBefore};
use crate::run_spec::RunSpec;
use crate::value::StorageChoice;
use crate::verify::{self, Checklist};
use crate::workspace::Workspace;

/// Goes through the checklist, on the user's own project and engine.
pub(super) fn execute(args: &VerifyArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let is_json = args.format == ReportFormat::Json;
    // A path that JSON cannot represent is an error before anything runs, not after it.
    if is_json {
        json_line::path_str(workspace.path().as_path())?;
    }
    let config = load_config(args, &workspace)?;
    let proposal = policy::propose(&config, &workspace, false)?;
    let plan = Plan::check(&proposal.raw, &workspace, &config, proposal.deadline)?;
    if plan.shadows().is_empty() {
        return Err(verify::nothing_to_verify());
    }
    print_warnings(&config, &plan);
    let chosen = engine::choose(config.engine)?;
    let command = verify::container_command(&plan);
    let mut spec = RunSpec::new(&config, &workspace, &plan, &chosen, &command)?;
    spec.tty = false;
    let signals = Signals::new()?;
    let images = ProjectImages::of(&config, &workspace, &plan, &spec, false)?;
    match images.map(|images| images.ensure(&signals)).transpose()? {
        None => {}
        Some(EnsuredImage::Ready(id)) => spec.image = id,
        Some(EnsuredImage::Interrupted(signal, exit)) => {
            print_lines(&[format!("error: ended by {signal}; nothing was verified")]);
            return Ok(exit);
        }
    }

    let mut checklist = Checklist::default();
    let before = EnvironmentsBefore::capture(&[&workspace], &plan)?;
    if is_json {
        before.check_representable()?;
    }
    checklist.add_host_before(&plan);
    let output = CaptureFiles::new()?;
    let streams = Streams::Capture(&output);
    let outcome = run(&[&workspace], &plan, &spec, streams, &signals, Publish::Hidden);
    if let Some((signal, exit)) = signals.last_received() {
        print_lines(&[format!("error: ended by {signal}; nothing was verified")]);
        return Ok(exit);
    }
    checklist.add_container(&outcome, &output);
    let comparisons = before.compare(&[&workspace], &AtomicBool::new(false));
    checklist.add_host_after(&plan, &comparisons);

    print(&match args.format {
        ReportFormat::Text => format!("{}\n{checklist}", header(&workspace, &spec)),
        ReportFormat::Json => checklist_json(&checklist, &workspace, &spec, &comparisons)?,
    })?;
    Ok(if checklist.has_passed() { Exit::Ok } else { Exit::ProblemFound })
}

/// The configuration of the project alone, without what would take the place of a step: the setup could create the
/// environment that a step creates, and a volume could hold that of an earlier run.
fn load_config(args: &VerifyArgs, workspace: &Workspace) -> Result<Config> {
    let config = Config::load(&args.project, workspace)?;
    let (with, with_git) = (Vec::new(), false);
    let storage = StorageChoice::default();
    Ok(Config { setup: None, storage, cache: false, with, with_git, ..config })
}

/// The project, the engine and the image that the checklist is about.
fn header(workspace: &Workspace, spec: &RunSpec) -> String {
    let path = shown_path(workspace.path().as_path());
    let image = match spec.engine {
        Engine::Native => String::new(),
        _ => format!(", {}", shown(&spec.image)),
    };
    format!("{path} with {}{image}", spec.engine)
}

fn checklist_json(
    checklist: &Checklist,
    workspace: &Workspace,
    spec: &RunSpec,
    comparisons: &Result<Vec<Comparison>>,
) -> Result<String> {
    let comparisons = comparisons.as_deref().unwrap_or_default();
    checklist.json(workspace.path(), spec.engine, &spec.image, comparisons)
}
