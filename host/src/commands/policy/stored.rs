//! The policies that were pulled, by the names that the command line gives them.

use crate::config::StoredPolicy;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::policy_store::PolicyStore;
use crate::value::Sha256;

/// The store, and the content that each of these names stands for.
pub(super) fn named(names: &[String]) -> Result<(Option<PolicyStore>, Vec<Sha256>)> {
    let store = PolicyStore::open(None)?;
    let hash = |name: &String| {
        let found = match (StoredPolicy::from_name(name)?, &store) {
            (None, _) => {
                let what = format!("`{}` is not the name of a pulled policy", shown(name));
                return Err(Error::usage(what).hint("oci:REFERENCE and sha256:HASH are"));
            }
            (Some(StoredPolicy::Content(sha256, _)), Some(_)) => Some(sha256),
            (Some(StoredPolicy::Reference(reference)), Some(store)) => store.find(&reference)?,
            (Some(_), None) => None,
        };
        found.ok_or_else(|| missing(name))
    };
    let hashes = names.iter().map(hash).collect::<Result<_>>()?;
    Ok((store, hashes))
}

/// The error about a policy that is not in the store.
pub(super) fn missing(name: &str) -> Error {
    Error::failed(format!("no policy `{}` was pulled", shown(name)))
        .hint("`paude policy list` shows the policies that were")
}
