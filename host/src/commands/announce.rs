//! What is said beside the command, on stderr.

use std::io::Write as _;
use std::sync::mpsc::Receiver;

use crate::cli;
use crate::config::Config;
use crate::engine::Chosen;
use crate::escape::shown;
use crate::path::RelPath;
use crate::plan::{Plan, Shadow};
use crate::receipt::Compared;
use crate::render::{Engine, Job, Rendered};
use crate::value::Storage;
use crate::workspace::{Workspace, free_memory};

/// Says what is hidden, what the person should know, and what was decided for them.
pub(super) fn announce(
    cli: &cli::Run,
    config: &Config,
    plan: &Plan,
    chosen: &Chosen,
    job: &Job,
    rendered: &Rendered,
) {
    if cli.quiet {
        return;
    }
    let mut lines = warnings(config, plan, cli.verbose);
    let paths: Vec<_> = plan.shadows().iter().map(|shadow| shown(shadow.path().as_str())).collect();
    if !paths.is_empty() {
        lines.push(format!("Shadowing venv: {}", paths.join(", ")));
    }
    if cli.verbose {
        lines.extend(
            paths.iter().zip(plan.shadows()).map(|(path, shadow)| format!("  {path}: {shadow}")),
        );
    }
    if let Some(why) = chosen.why {
        lines.push(format!("Using engine {}: {why}", chosen.engine));
        if chosen.engine == Engine::Native {
            lines.push(
                "note: it keeps environments apart; it does not contain hostile code".to_owned(),
            );
        }
    }
    if let Some(why) = &job.image_reason {
        lines.push(format!("Using image {}: {why}", shown(&job.image)));
    }
    if let (Engine::Native, Some(image)) = (chosen.engine, &config.image) {
        let image = shown(image.as_ref());
        lines.push(format!("Image {image} is not used: the native engine has none"));
    }
    if chosen.engine == Engine::Native && !job.engine_args.is_empty() {
        lines.push("Engine arguments are not used: the native engine takes none".to_owned());
    }
    if job.unguarded && !paths.is_empty() {
        let what = "nothing proves in the container that environments are hidden";
        lines.push(format!("warning: {what} (--no-guard)"));
    }
    if cli.verbose && !cli.dry_run {
        lines.push(rendered.command().brief());
    }
    say(&lines);
}

/// Says what the person should know about settings and project.
pub(super) fn warn(config: &Config, plan: &Plan) {
    say(&warnings(config, plan, false));
}

fn warnings(config: &Config, plan: &Plan, verbose: bool) -> Vec<String> {
    let warnings = config.warnings.iter().map(|warning| format!("warning: {warning}"));
    let notes = plan.notes().iter().filter(|note| note.warning || verbose);
    warnings.chain(notes.map(ToString::to_string)).collect()
}

/// An environment of the host that memory would not hold, looked for while the run goes on:
/// to read a large one can take longer than to start an engine.
pub(super) struct Large(Receiver<RelPath>);

impl Large {
    /// Begins to look.
    pub(super) fn look(workspace: &Workspace, plan: &Plan) -> Option<Self> {
        let in_memory =
            |shadow: &&Shadow| shadow.storage() == Storage::Tmpfs && plan.is_inside(shadow);
        let paths = plan.shadows().iter().filter(in_memory);
        let paths = paths.map(|shadow| shadow.path().clone()).collect();
        Some(Self(workspace.find_larger(paths, free_memory()? / 2)))
    }

    /// Suggests a volume if one was found.
    pub(super) fn suggest_volume(&self) {
        if let Ok(path) = self.0.try_recv() {
            let path = shown(path.as_str());
            say(&[format!(
                "note: `{path}` of the host is larger than half of the memory that was free; \
                 --storage volume keeps the container's on disk"
            )]);
        }
    }
}

/// Says afterwards which environments of the host are not as they were, or may not be.
pub(super) fn changed(cli: &cli::Run, compared: &[Compared]) {
    let line = |compared: &Compared| {
        let path = shown(compared.path().as_str());
        match (compared.summary(), compared.unread(), compared.entries()) {
            (Some(summary), ..) => {
                Some(format!("warning: `{path}` was changed on the host meanwhile: {summary}"))
            }
            (None, unread @ 1.., Some(entries)) => Some(format!(
                "note: `{path}`: {entries} entries as before, {unread} of them unread"
            )),
            _ => None,
        }
    };
    if !cli.quiet {
        say(&compared.iter().filter_map(line).collect::<Vec<_>>());
    }
}

/// Says them, a line each.
pub(super) fn say(lines: &[String]) {
    for line in lines {
        // Whoever closed stderr does not want to know.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
