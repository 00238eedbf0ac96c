//! Variables whose value is only known to whoever runs the container.

use std::collections::BTreeMap;

use super::ExportInput;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::value::EnvName;

/// Takes the arguments of `-e` that have no value, so that this machine's values do not end up in
/// a file. A later `NAME=VALUE` wins over one. Returns the names, sorted.
pub(crate) fn take_passed(arguments: &mut Vec<String>) -> Result<Vec<String>> {
    let mut passed = Vec::new();
    for (index, name) in arguments.iter().enumerate().filter(|(_, text)| !text.contains('=')) {
        let fault = |fault| Error::usage(format!("--env `{}`: {fault}", shown(name)));
        let name = String::from(EnvName::try_from(name.clone()).map_err(fault)?);
        let sets = |later: &String| later.split_once('=').is_some_and(|(other, _)| other == name);
        if !arguments[index..].iter().any(sets) {
            passed.push(name);
        }
    }
    arguments.retain(|argument| argument.contains('='));
    passed.sort();
    passed.dedup();
    Ok(passed)
}

/// Each variable with its value, or `None` for one that is passed on.
pub(super) fn all<'i>(input: &'i ExportInput<'_>) -> BTreeMap<&'i str, Option<&'i str>> {
    let set = input.spec.env.iter().map(|(name, value)| (name.as_str(), Some(value.as_str())));
    set.chain(input.passed.iter().map(|name| (name.as_str(), None))).collect()
}
