//! `paude policy run`.

use std::io::Write as _;

use crate::cli::{PolicyRunArgs, ReportFormat};
use crate::commands::print::print;
use crate::config::{Config, PolicyChoice};
use crate::error::{Exit, Result};
use crate::policy;
use crate::workspace::Workspace;

/// Runs the policies as `paude plan` does, and prints their result unchecked. In JSON, an error
/// is printed too.
pub(super) fn execute(args: &PolicyRunArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let mut config = Config::load(&args.project, &workspace)?;
    if let Some(file) = &args.file {
        config.policies = vec![PolicyChoice::from_cli(file)?];
    }
    let result = policy::propose(&config, &workspace, false);
    print(&match (&result, args.format) {
        (Ok(result), ReportFormat::Text) => result.to_string(),
        (Ok(result), ReportFormat::Json) => result.json()?,
        (Err(_), ReportFormat::Text) => String::new(),
        (Err(error), ReportFormat::Json) => policy::error_json(&config, &workspace, error)?,
    })?;
    let _ = writeln!(std::io::stderr(), "{}", result?.usage_text());
    Ok(Exit::Ok)
}
