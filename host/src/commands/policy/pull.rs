//! `paude policy pull`.

use std::time::Duration;

use crate::cli::PolicyPullArgs;
use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::policy;
use crate::policy_store::{PolicyOrigin, PolicyStore};
use crate::registry::{self, PullLimits};

/// The time of all requests, if no other is given: a policy in Python has 20 MB.
const TIME: Duration = Duration::from_secs(300);

/// Fetches a policy into the store, and prints what pins a project to it.
pub(super) fn execute(args: &PolicyPullArgs) -> Result<Exit> {
    // Before anything is fetched: it fails where what is fetched could not be kept.
    let store = PolicyStore::create()?;
    let time = args.timeout.map_or(TIME, Duration::from);
    let limits = PullLimits { bytes: policy::COMPONENT_BYTES, time };
    let pulled = registry::pull(&args.reference, args.sha256, limits)?;
    let origin = PolicyOrigin::now(args.reference.clone(), pulled.manifest);
    let sha256 = store.add(&pulled.component, origin)?;
    let (reference, size) = (&args.reference, pulled.component.len().div_ceil(1024));
    print(&format!(
        "Pulled {reference} ({size} KiB). To use it, in paude.json:\n  \
         \"policy\": {{\"oci\": \"{reference}\", \"sha256\": \"{sha256}\"}}\n"
    ))
}
