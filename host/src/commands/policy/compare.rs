//! `paude policy compare`.

use std::fmt::Write as _;

use crate::cli::PolicyCompare;
use crate::commands::print::print;
use crate::config::{Config, PolicyChoice};
use crate::error::{Exit, Result};
use crate::escape::{shown, shown_path};
use crate::plan::{Plan, Shadow};
use crate::policy;
use crate::workspace::Workspace;

/// Plans with either policy, and shows what only one of them hides.
pub(super) fn execute(cli: &PolicyCompare) -> Result<Exit> {
    let workspace = Workspace::open(&cli.project.workspace)?;
    let mut config = Config::load(&cli.project, &workspace)?;
    let mut plan = |choice: PolicyChoice| -> Result<Plan> {
        config.policies = vec![choice];
        let answer = policy::propose(&config, &workspace, false)?;
        Ok(Plan::check(&answer.raw, &workspace, &config)?)
    };
    let its = plan(PolicyChoice::typed(&cli.file))?;
    let builtin = plan(PolicyChoice::BUILTIN)?;

    let mut text = String::new();
    let name = format!("policy `{}`", shown_path(&cli.file));
    only(&mut text, &name, &its, &builtin);
    only(&mut text, "the built-in policy", &builtin, &its);
    let both = its.shadows().iter().filter(|shadow| hides(&builtin, shadow)).count();
    let _ = match both {
        1 => writeln!(text, "both hide 1 directory"),
        _ => writeln!(text, "both hide {both} directories"),
    };
    print(text.as_bytes())
}

/// What one plan hides and the other does not.
fn only(text: &mut String, name: &str, one: &Plan, other: &Plan) {
    let mut shadows = one.shadows().iter().filter(|shadow| !hides(other, shadow)).peekable();
    if shadows.peek().is_some() {
        let _ = writeln!(text, "only {name} hides");
    }
    for shadow in shadows {
        let _ = writeln!(text, "  {}: {shadow}", shown(shadow.path().as_str()));
    }
}

fn hides(plan: &Plan, shadow: &Shadow) -> bool {
    plan.shadows().iter().any(|other| other.target() == shadow.target())
}
