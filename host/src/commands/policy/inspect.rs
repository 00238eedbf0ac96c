//! `paude policy inspect`.

use std::fmt::Write as _;
use std::path::Path;

use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::policy;
use crate::policy_store::PolicyStore;

/// Prints what a policy is, and where it was pulled from if it was.
pub(super) fn execute(policy: &Path) -> Result<Exit> {
    let check = policy::check_component(policy)?;
    let mut text = check.text;
    if check.result.is_err() {
        text.push_str("this paude cannot run it; `paude policy check` says why\n");
    }
    let stored = PolicyStore::open(None)?.map(|store| store.list()).transpose()?;
    let entry = stored.into_iter().flatten().find(|entry| entry.sha256 == check.sha256);
    for origin in entry.into_iter().flat_map(|entry| entry.origins) {
        let _ = writeln!(text, "from {origin}, as sha256:{}", origin.manifest);
    }
    print(&text)
}
