//! What every exported container does differently from one of paude's.

use super::{ExportInput, storage, variables};
use crate::escape::shown_path;

/// The notes on this input that do not depend on the format's syntax.
pub(super) fn common(input: &ExportInput<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut readable: Vec<String> = Vec::new();
    readable.extend(input.spec.setup.is_some().then(|| "the setup".to_owned()));
    let has_computed = !input.spec.variables.is_empty();
    readable.extend(has_computed.then(|| "how variables are computed".to_owned()));
    let all = variables::all(input);
    let set: Vec<_> = all.iter().filter(|(_, value)| value.is_some()).collect();
    if !set.is_empty() {
        let names: Vec<_> = set.iter().map(|(name, _)| format!("`{name}`")).collect();
        readable.push(format!("the value of {}", names.join(", ")));
    }
    if !readable.is_empty() {
        notes.push(format!("{} can be read in this file", readable.join(" and ")));
    }
    if storage::keeps_any(input) && input.spec.setup.is_some() {
        notes.push("the setup runs at every start, also where it has succeeded before".to_owned());
    }
    if input.options.has_cache {
        notes.push(
            "the caches of package managers are not kept: the file has no volume for them"
                .to_owned(),
        );
    }
    let reserved = input.plan.all_shadows().filter(|shadow| shadow.is_reserved());
    let paths: Vec<_> =
        reserved.map(|shadow| format!("`{}`", shown_path(shadow.target().as_path()))).collect();
    if !paths.is_empty() {
        notes.push(format!(
            "where {} does not exist, the engine creates an empty directory there, which stays \
             and may belong to root; create it yourself before",
            paths.join(", ")
        ));
    }
    notes
}
