//! `paude policy run`.

use std::io::Write as _;

use crate::cli::{AnswerFormat, PolicyRun};
use crate::config::{Config, PolicySource};
use crate::error::{Exit, Result};
use crate::policy;
use crate::workspace::Workspace;

/// Asks as `paude plan` does, and shows the answer before anything checks it.
pub(super) fn execute(cli: &PolicyRun) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let mut config = Config::load(&cli.project, &workspace)?;
    match &cli.file {
        Some(file) if file.as_os_str() == "builtin" => config.policy = PolicySource::Builtin,
        Some(file) => config.policy = PolicySource::File(file.clone()),
        None => {}
    }
    let answered = policy::propose(&config, &workspace, false);
    let text = match (&answered, cli.format) {
        (Ok(answer), AnswerFormat::Text) => answer.to_string(),
        (Ok(answer), AnswerFormat::Json) => answer.json() + "\n",
        (Err(_), AnswerFormat::Text) => String::new(),
        (Err(error), AnswerFormat::Json) => policy::unanswered(&config, &workspace, error) + "\n",
    };
    let _ = std::io::stdout().write_all(text.as_bytes());
    let _ = writeln!(std::io::stderr(), "{}", answered?.used());
    Ok(Exit::Ok)
}
