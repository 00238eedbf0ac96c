//! `paude init`.

use super::print::print;
use crate::cli::InitArgs;
use crate::error::{Exit, Result};
use crate::escape::shown;
use crate::init;
use crate::workspace::Workspace;

/// Writes `paude.json`, and prints what was looked at.
pub(super) fn execute(args: &InitArgs) -> Result<Exit> {
    let workspace = Workspace::open(&args.workspace)?;
    let proposal = init::propose(&workspace, args.from_devcontainer)?;
    init::write(&workspace, &proposal.text, args.force)?;
    let mut text = "wrote paude.json\n".to_owned();
    for line in &proposal.report {
        text += &format!("{}\n", shown(line));
    }
    print(&text)
}
