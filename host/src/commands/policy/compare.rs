//! `paude policy compare`.

use std::fmt::Write as _;

use crate::cli::PolicyCompareArgs;
use crate::commands::print::print;
use crate::config::{Config, PolicyChoice};
use crate::error::{Exit, Result};
use crate::escape::{shown, shown_path};
use crate::plan::{Plan, Shadow};
use crate::policy;
use crate::workspace::Workspace;

/// Makes a plan by each of the two policies, and prints what only one of them hides.
pub(super) fn execute(args: &PolicyCompareArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.project.workspace)?;
    let mut config = Config::load(&args.project, &workspace)?;
    let mut plan_by = |choice: PolicyChoice| -> Result<Plan> {
        config.policies = vec![choice];
        let proposal = policy::propose(&config, &workspace, false)?;
        Ok(Plan::check(&proposal.raw, &workspace, &config, proposal.deadline)?)
    };
    let custom = plan_by(PolicyChoice::from_cli(&args.file)?)?;
    let builtin = plan_by(PolicyChoice::DEFAULT)?;

    let mut text = String::new();
    let name = format!("policy `{}`", shown_path(&args.file));
    write_difference(&mut text, &name, &custom, &builtin);
    write_difference(&mut text, "the built-in policy", &builtin, &custom);
    let common = custom.shadows().iter().filter(|shadow| hides(&builtin, shadow)).count();
    let _ = match common {
        1 => writeln!(text, "both hide 1 directory"),
        _ => writeln!(text, "both hide {common} directories"),
    };
    print(&text)
}

/// Writes what one plan hides and the other does not.
fn write_difference(text: &mut String, name: &str, one: &Plan, other: &Plan) {
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
