//! `paude policy prune`.

use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::policy_store::PolicyStore;

/// Removes what no reference stands for any more, and prints its names.
pub(super) fn execute() -> Result<Exit> {
    let store = PolicyStore::open(None)?;
    let removed = store.map(|store| store.prune()).transpose()?.unwrap_or_default();
    print(&removed.iter().map(|sha256| format!("sha256:{sha256}\n")).collect::<String>())
}
