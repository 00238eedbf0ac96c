//! The JSON document of a receipt. It is a contract, documented in `docs/json.md`.

use std::fmt::Write as _;

use serde::Serialize;

use super::Comparison;
use crate::engine::Engine;
use crate::error::Result;
use crate::fingerprint::{Aspect, Change, Difference, Fingerprint};
use crate::json_line;
use crate::path::HostPath;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    workspace: &'a str,
    engine: Engine,
    exit: u8,
    unchanged: bool,
    environments: Vec<EnvironmentChanges<'a>>,
}

/// What changed in one environment.
#[derive(Debug, Serialize)]
pub(crate) struct EnvironmentChanges<'a> {
    path: &'a str,
    directory: &'a str,
    before: Option<TreeSummary>,
    after: Option<TreeSummary>,
    changes: Vec<EntryChange<'a>>,
    unread: Vec<EntryPath>,
}

#[derive(Debug, Serialize)]
struct TreeSummary {
    entries: usize,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct EntryChange<'a> {
    #[serde(flatten)]
    path: EntryPath,
    change: Change,
    aspects: &'a [Aspect],
}

/// The path of an entry, which may be in any encoding.
#[derive(Debug, Serialize)]
struct EntryPath {
    path: String,
    /// The bytes in hexadecimal digits if they are not UTF-8.
    bytes: Option<String>,
}

/// The receipt of a run that ended with this exit code, as one line.
pub(super) fn receipt(
    workspace: &HostPath,
    engine: Engine,
    exit: u8,
    comparisons: &[Comparison],
) -> Result<String> {
    json_line::line(&Document {
        version: 1,
        workspace: json_line::path_str(workspace.as_path())?,
        engine,
        exit,
        unchanged: comparisons.iter().all(|comparison| comparison.differences.is_empty()),
        environments: EnvironmentChanges::all(comparisons)?,
    })
}

impl<'a> EnvironmentChanges<'a> {
    /// The changes of each environment. Fails if a path cannot be represented in JSON.
    pub(crate) fn all(comparisons: &'a [Comparison]) -> Result<Vec<Self>> {
        comparisons.iter().map(Self::new).collect()
    }

    fn new(comparison: &'a Comparison) -> Result<Self> {
        let unread = comparison.latest().into_iter().flat_map(Fingerprint::unread);
        Ok(Self {
            path: comparison.path.as_str(),
            directory: json_line::path_str(comparison.directory.as_path())?,
            before: comparison.before.as_ref().map(TreeSummary::from),
            after: comparison.after.as_ref().map(TreeSummary::from),
            changes: comparison.differences.iter().map(EntryChange::from).collect(),
            unread: unread.map(|name| EntryPath::new(name)).collect(),
        })
    }
}

impl From<&Fingerprint> for TreeSummary {
    fn from(fingerprint: &Fingerprint) -> Self {
        Self { entries: fingerprint.entries(), sha256: fingerprint.digest() }
    }
}

impl<'a> From<&'a Difference> for EntryChange<'a> {
    fn from(difference: &'a Difference) -> Self {
        let Difference { name, change, aspects } = difference;
        Self { path: EntryPath::new(name), change: *change, aspects }
    }
}

impl EntryPath {
    fn new(name: &[u8]) -> Self {
        let to_hexadecimal = || {
            name.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        let bytes = str::from_utf8(name).is_err().then(to_hexadecimal);
        Self { path: String::from_utf8_lossy(name).into_owned(), bytes }
    }
}
