//! What paude prints to standard error besides the command's own output.

use std::io::Write as _;
use std::sync::mpsc::Receiver;

use crate::cli::RunArgs;
use crate::config::Config;
use crate::engine::{ChosenEngine, Engine};
use crate::escape::{shown, shown_path};
use crate::path::RelPath;
use crate::plan::{Plan, Severity, Shadow};
use crate::receipt::Comparison;
use crate::render::Rendered;
use crate::run_spec::RunSpec;
use crate::workspace::{Workspace, free_memory};

/// Prints the warnings, what is hidden, and what paude decided by itself.
pub(super) fn announce_run(
    cli: &RunArgs,
    config: &Config,
    plan: &Plan,
    chosen: &ChosenEngine,
    spec: &RunSpec,
    rendered: &Rendered,
) {
    if cli.quiet {
        return;
    }
    let mut lines = warnings(config, plan, cli.verbose);
    lines.extend(hidden(plan, cli.verbose));
    lines.extend(choices(config, plan, chosen, spec));
    if cli.verbose && !cli.dry_run {
        lines.push(rendered.brief());
    }
    print_lines(&lines);
}

/// The same for a session that stays.
pub(super) fn announce_settings(
    config: &Config,
    plan: &Plan,
    chosen: &ChosenEngine,
    spec: &RunSpec,
) {
    let mut lines = warnings(config, plan, false);
    lines.extend(hidden(plan, false));
    lines.extend(choices(config, plan, chosen, spec));
    print_lines(&lines);
}

/// What is hidden and shared; each with its evidence if `verbose`.
fn hidden(plan: &Plan, verbose: bool) -> Vec<String> {
    let paths: Vec<_> = plan.hidden_paths().iter().map(|path| shown(path).into_owned()).collect();
    let mut lines = Vec::new();
    if !paths.is_empty() {
        lines.push(format!("Hiding: {}", paths.join(", ")));
    }
    if verbose {
        let shadows = paths.iter().zip(plan.parts().flat_map(Plan::shadows));
        lines.extend(shadows.map(|(path, shadow)| format!("  {path}: {shadow}")));
    }
    for further in plan.further() {
        let path = shown_path(further.plan.workspace().as_path());
        let access = if further.read_only { ", read-only" } else { "" };
        lines.push(format!("Sharing {path} too{access}"));
    }
    lines
}

/// What paude decided by itself.
fn choices(config: &Config, plan: &Plan, chosen: &ChosenEngine, spec: &RunSpec) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(reason) = &chosen.reason {
        lines.push(format!("Using engine {}: {reason}", chosen.engine));
        if chosen.engine == Engine::Native {
            let note = "note: it keeps environments apart; it does not contain hostile code";
            lines.push(note.to_owned());
        }
    }
    if let Some(reason) = &spec.image_reason {
        lines.push(format!("Using image {}: {reason}", shown(&spec.image)));
    }
    if let (Engine::Native, Some(image)) = (chosen.engine, &config.image) {
        let image = shown(image.as_ref());
        lines.push(format!("Image {image} is not used: the native engine has none"));
    }
    if chosen.engine == Engine::Native && config.builds.is_wanted() {
        lines
            .push("`build` and `packages` are not used: the native engine has no image".to_owned());
    }
    if chosen.engine == Engine::Native && !spec.engine_args.is_empty() {
        lines.push("Engine arguments are not used: the native engine takes none".to_owned());
    }
    if spec.unguarded && !plan.shadows().is_empty() {
        let message = "nothing proves in the container that environments are hidden";
        lines.push(format!("warning: {message} (--no-guard)"));
    }
    lines
}

/// Prints the warnings about settings and project.
pub(super) fn print_warnings(config: &Config, plan: &Plan) {
    print_lines(&warnings(config, plan, false));
}

fn warnings(config: &Config, plan: &Plan, verbose: bool) -> Vec<String> {
    let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}"));
    let notes = plan.notes().iter().filter(|note| verbose || note.severity == Severity::Warning);
    warnings.chain(notes.map(ToString::to_string)).collect()
}

/// A search for an environment of the host that would not fit in memory. It goes on during the
/// run, because reading a large one can take longer than starting an engine.
pub(super) struct LargeEnvironmentSearch(Receiver<RelPath>);

impl LargeEnvironmentSearch {
    /// Starts the search; `None` if the size of the memory is unknown.
    pub(super) fn start(workspace: &Workspace, plan: &Plan) -> Option<Self> {
        let in_memory = |shadow: &&Shadow| !shadow.is_kept() && plan.is_inside(shadow);
        let paths = plan.shadows().iter().filter(in_memory);
        let paths = paths.map(|shadow| shadow.path().clone()).collect();
        Some(Self(workspace.find_larger(paths, free_memory()? / 2)))
    }

    /// Suggests a volume if one has been found by now.
    pub(super) fn suggest_volume(&self) {
        if let Ok(path) = self.0.try_recv() {
            let path = shown(path.as_str());
            print_lines(&[format!(
                "note: `{path}` of the host is larger than half of the memory that was free; \
                 --storage volume keeps the container's on disk"
            )]);
        }
    }
}

/// Prints which environments of the host changed during the run, or may have.
pub(super) fn print_changes(cli: &RunArgs, comparisons: &[Comparison]) {
    let line = |comparison: &Comparison| {
        let path = comparison.shown_path();
        match (comparison.summary(), comparison.unread_count(), comparison.entries()) {
            (Some(summary), ..) => {
                Some(format!("warning: `{path}` changed on the host during the run: {summary}"))
            }
            (None, unread @ 1.., Some(entries)) => Some(format!(
                "note: `{path}`: {entries} entries as before, {unread} of them unread"
            )),
            _ => None,
        }
    };
    if !cli.quiet {
        print_lines(&comparisons.iter().filter_map(line).collect::<Vec<_>>());
    }
}

/// Prints lines to standard error. Errors are ignored: the messages are not the run's result.
pub(super) fn print_lines(lines: &[String]) {
    for line in lines {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
