//! `paude policy run`.

use std::io::Write as _;

use crate::cli::{AnswerFormat, PolicyRun};
use crate::commands::print::print;
use crate::config::{Config, PolicyChoice};
use crate::error::{Exit, Result};
use crate::policy;
use crate::workspace::Workspace;

/// Asks as `paude plan` does, and shows the answer before anything checks it.
pub(super) fn execute(cli: &PolicyRun) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let mut config = Config::load(&cli.project, &workspace)?;
    if let Some(file) = &cli.file {
        config.policies = vec![PolicyChoice::typed(file)];
    }
    let answered = policy::propose(&config, &workspace, false);
    let text = match (&answered, cli.format) {
        (Ok(answer), AnswerFormat::Text) => answer.to_string(),
        (Ok(answer), AnswerFormat::Json) => answer.json() + "\n",
        (Err(_), AnswerFormat::Text) => String::new(),
        (Err(error), AnswerFormat::Json) => policy::unanswered(&config, &workspace, error) + "\n",
    };
    print(text.as_bytes())?;
    let _ = writeln!(std::io::stderr(), "{}", answered?.used());
    Ok(Exit::Ok)
}
