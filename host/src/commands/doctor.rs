//! `paude doctor`.

use super::print::print;
use crate::cli::{self, AnswerFormat};
use crate::config::Config;
use crate::doctor::{self, Diagnosis};
use crate::engine;
use crate::error::{Exit, Result};
use crate::plan::Plan;
use crate::policy;
use crate::render::{Engine, Job};
use crate::workspace::Workspace;

/// Looks at the engines, the machine and the project, and goes on whatever is wrong.
pub(super) fn execute(cli: &cli::Doctor) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let mut found = Diagnosis::default();
    let engines = [
        (Engine::Podman, doctor::podman(&mut found)),
        (Engine::Docker, doctor::docker(&mut found)),
        (Engine::Native, doctor::native(&mut found, workspace.path().as_path())),
    ];
    let working: Vec<_> = engines.into_iter().filter(|(_, works)| *works).map(|it| it.0).collect();
    doctor::selinux(&mut found);

    let config = Config::load(&cli.project, &workspace);
    match config {
        Err(error) => doctor::project(&mut found, &Err(error), &[]),
        Ok(config) => {
            let plan = policy::propose(&config, &workspace, false)
                .and_then(|proposal| Ok(Plan::check(&proposal.raw, &workspace, &config)?));
            doctor::project(&mut found, &plan, &config.warnings);
            let chosen = engine::choose(config.engine);
            let chosen = doctor::chosen(&mut found, &chosen, &working);
            if let (Ok(plan), Some(chosen)) = (&plan, chosen) {
                let job = Job::new(&config, plan, chosen, &[]);
                doctor::job(&mut found, chosen.engine, &job);
            }
        }
    }
    if let Some(kept) = policy::kept(&workspace) {
        doctor::policy_cache(&mut found, &kept.directory, &kept.entries, kept.unused.as_ref());
    }
    let text = match cli.format {
        AnswerFormat::Text => found.to_string(),
        AnswerFormat::Json => found.json()?,
    };
    print(text.as_bytes())?;
    Ok(if found.healthy() { Exit::Ok } else { Exit::Unmet })
}
