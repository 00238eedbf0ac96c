//! `paude policy verify`.

use std::fmt::Write as _;

use super::stored;
use crate::commands::print::print;
use crate::error::{Exit, Result};
use crate::policy;

/// Reads these policies of the store, or all, and prints a line for each. Exits with 1 if one is
/// not what was pulled.
pub(super) fn execute(names: &[String]) -> Result<Exit> {
    let (store, mut hashes) = stored::named(names)?;
    let Some(store) = store else { return Ok(Exit::Ok) };
    if names.is_empty() {
        hashes = store.list()?.into_iter().map(|entry| entry.sha256).collect();
    }
    let (mut text, mut exit) = (String::new(), Exit::Ok);
    for sha256 in hashes {
        let state = match store.read(sha256, policy::COMPONENT_BYTES) {
            Ok(Some(_)) => "as it was pulled".to_owned(),
            Ok(None) => return Err(stored::missing(&format!("sha256:{sha256}"))),
            Err(error) => {
                exit = Exit::ProblemFound;
                error.message().to_owned()
            }
        };
        let _ = writeln!(text, "sha256:{sha256}  {state}");
    }
    print(&text).map(|_| exit)
}
