//! `paude policy check`.

use std::path::Path;

use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::policy;

/// Prints what the component is. Fails if this host cannot run it.
pub(super) fn execute(file: &Path) -> Result<Exit> {
    let check = policy::check_component(file)?;
    print(&check.to_string())?;
    check.plans.map(|_| Exit::Ok)
}
