//! `paude doctor`.

use super::print::print;
use crate::cli::{self, AnswerFormat};
use crate::config::Config;
use crate::doctor::{self, Diagnosis};
use crate::engine;
use crate::error::{Exit, Result};
use crate::plan::Plan;
use crate::policy;
use crate::render::Job;
use crate::workspace::Workspace;

/// Looks at the engines, the machine and the project, and goes on whatever is wrong.
pub(super) fn execute(cli: &cli::Doctor) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let mut found = Diagnosis::default();
    doctor::podman(&mut found);
    doctor::docker(&mut found);
    let native = doctor::native(&mut found, workspace.path().as_path());
    doctor::selinux(&mut found);

    let config = Config::load(&cli.project, &workspace);
    match config {
        Err(error) => doctor::project(&mut found, &Err(error), &[]),
        Ok(config) => {
            let plan = policy::propose(&config, &workspace, false)
                .and_then(|proposal| Ok(Plan::check(&proposal.raw, &workspace, &config)?));
            doctor::project(&mut found, &plan, &config.warnings);
            let chosen = engine::choose(config.engine);
            doctor::chosen(&mut found, &chosen, native);
            if let (Ok(plan), Ok(chosen)) = (&plan, &chosen)
                && let Ok(job) = Job::new(&config, plan, chosen, &[])
            {
                doctor::image(&mut found, chosen.engine, &job);
            }
        }
    }
    if let Some(kept) = policy::kept() {
        doctor::policy_cache(&mut found, &kept.directory, &kept.entries, kept.own);
    }
    let text = match cli.format {
        AnswerFormat::Text => found.to_string(),
        AnswerFormat::Json => found.json()?,
    };
    print(text.as_bytes())?;
    Ok(if found.healthy() { Exit::Ok } else { Exit::Unmet })
}
