//! `paude verify`.

use super::announce;
use super::print::print;
use super::run::run;
use crate::cli::{self, AnswerFormat};
use crate::config::Config;
use crate::engine::{self, Kept, Signals, Streams};
use crate::error::{Exit, Result};
use crate::escape::{shown, shown_path};
use crate::plan::Plan;
use crate::policy;
use crate::receipt::{Before, text};
use crate::render::{self, Engine, Job};
use crate::value::Storage;
use crate::verify::{self, Checklist};
use crate::workspace::Workspace;

/// Goes through the list, on the person's own project and engine.
pub(super) fn execute(cli: &cli::Verify) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    // JSON is the last thing made: what it cannot say is found out first.
    let is_json = matches!(cli.format, AnswerFormat::Json);
    if is_json {
        text(workspace.path())?;
    }
    let mut config = Config::load(&cli.project, &workspace)?;
    // A setup would make the environment that is to be made here.
    config.setup = None;
    // Nor would what an earlier run kept prove anything.
    config.storage = Storage::Tmpfs;
    let plan = Plan::check(&policy::propose(&config, &workspace, false)?.raw, &workspace, &config)?;
    if plan.shadows().is_empty() {
        return Err(verify::nothing());
    }
    announce::warn(&config, &plan);
    let engine = engine::choose(config.engine)?;
    let mut job = Job::new(&config, &plan, &engine, &verify::command(&plan))?;
    job.tty = false;
    let engine = engine.engine;
    let rendered = render::renderer(engine).render(&plan, &job)?;

    let mut list = Checklist::default();
    let before = Before::look(&workspace, &plan)?;
    if is_json {
        before.can_be_said()?;
    }
    list.host_before(&plan);
    let kept = Kept::new()?;
    let signals = Signals::new()?;
    let ended = run(&workspace, &plan, engine, &job, &rendered, Streams::Kept(&kept), &signals);
    if let Some((signal, exit)) = signals.came() {
        announce::say(&[format!("error: ended by {signal}; nothing was verified")]);
        return Ok(exit);
    }
    list.container(&ended, &kept);
    let compared = before.compare(&workspace);
    list.host_after(&plan, &compared);

    let text = match cli.format {
        AnswerFormat::Text => {
            let place = shown_path(workspace.path().as_path());
            let image = match engine {
                Engine::Native => String::new(),
                _ => format!(", {}", shown(&job.image)),
            };
            format!("{place} with {engine}{image}\n{list}")
        }
        AnswerFormat::Json => list.json(
            workspace.path(),
            engine,
            &job.image,
            compared.as_deref().unwrap_or_default(),
        )?,
    };
    print(text.as_bytes())?;
    Ok(if list.holds() { Exit::Ok } else { Exit::Unmet })
}
