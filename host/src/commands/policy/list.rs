//! `paude policy list`.

use std::fmt::Write as _;

use crate::commands::print::print;
use crate::config::BuiltinPolicy;
use crate::error::{Exit, Result};
use crate::policy_store::PolicyStore;

/// Prints a line for each built-in policy, and for each that was pulled.
pub(super) fn execute() -> Result<Exit> {
    let mut text = String::new();
    for policy in BuiltinPolicy::ALL {
        let _ = writeln!(text, "{:<8}{}", policy.name(), policy.summary());
    }
    let store = PolicyStore::open(None)?;
    for entry in store.map(|store| store.list()).transpose()?.unwrap_or_default() {
        let _ = writeln!(text, "{entry}");
    }
    print(&text)
}
