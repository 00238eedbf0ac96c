//! `paude policy remove`.

use super::stored;
use crate::error::{Exit, Result};

/// Removes policies from the store. Removes nothing if one of the names is wrong.
pub(super) fn execute(names: &[String]) -> Result<Exit> {
    let (store, hashes) = stored::named(names)?;
    let Some(store) = store else { return Ok(Exit::Ok) };
    for (sha256, name) in hashes.into_iter().zip(names) {
        if !store.remove(sha256)? {
            return Err(stored::missing(name));
        }
    }
    Ok(Exit::Ok)
}
