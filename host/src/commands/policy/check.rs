//! `paude policy check`.

use std::path::Path;

use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::policy;

/// Shows what was found, and fails if this host cannot run it.
pub(super) fn execute(file: &Path) -> Result<Exit> {
    let checked = policy::check(file)?;
    print(checked.text.as_bytes())?;
    checked.verdict.map(|()| Exit::Ok)
}
