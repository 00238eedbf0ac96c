//! `paude policy list`.

use std::fmt::Write as _;

use crate::commands::print::print;
use crate::config::BuiltinPolicy;
use crate::error::{Exit, Result};

/// Prints a line for each built-in policy.
pub(super) fn execute() -> Result<Exit> {
    let mut text = String::new();
    for policy in BuiltinPolicy::ALL {
        let _ = writeln!(text, "{:<8}{}", policy.name(), policy.summary());
    }
    print(&text)
}
