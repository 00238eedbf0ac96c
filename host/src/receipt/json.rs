//! The documented JSON of a receipt: a contract, see the README.

use std::fmt::Write as _;

use serde::Serialize;

use super::Compared;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::fingerprint::{Aspect, Change, Difference, Fingerprint};
use crate::path::HostPath;
use crate::render::Engine;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    workspace: &'a str,
    engine: Engine,
    exit: u8,
    unchanged: bool,
    environments: Vec<Changes<'a>>,
}

/// What became of one environment.
#[derive(Debug, Serialize)]
pub struct Changes<'a> {
    path: &'a str,
    directory: &'a str,
    before: Option<Tree>,
    after: Option<Tree>,
    changes: Vec<Changed<'a>>,
    unread: Vec<Name>,
}

/// An environment in two numbers.
#[derive(Debug, Serialize)]
struct Tree {
    entries: usize,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    name: Name,
    change: Change,
    aspects: &'a [Aspect],
}

/// An entry's path, which may be in no encoding.
#[derive(Debug, Serialize)]
struct Name {
    path: String,
    /// The bytes in hexadecimal digits, where they are not UTF-8.
    bytes: Option<String>,
}

/// The receipt of a run that ended with this code, on one line.
pub(super) fn receipt(
    workspace: &HostPath,
    engine: Engine,
    exit: u8,
    environments: &[Compared],
) -> Result<String> {
    let document = Document {
        version: 1,
        workspace: text(workspace)?,
        engine,
        exit,
        unchanged: environments.iter().all(|compared| compared.differences.is_empty()),
        environments: Changes::all(environments)?,
    };
    serde_json::to_string(&document)
        .map(|text| text + "\n")
        .map_err(|error| Error::failed(format!("cannot write JSON: {error}")))
}

impl<'a> Changes<'a> {
    /// Of every environment.
    pub fn all(environments: &'a [Compared]) -> Result<Vec<Self>> {
        environments.iter().map(Self::new).collect()
    }

    fn new(compared: &'a Compared) -> Result<Self> {
        let tree = |tree: &Fingerprint| Tree { entries: tree.entries(), sha256: tree.digest() };
        Ok(Self {
            path: compared.path.as_str(),
            directory: text(&compared.directory)?,
            before: compared.before.as_ref().map(tree),
            after: compared.after.as_ref().map(tree),
            changes: compared.differences.iter().map(Changed::from).collect(),
            unread: compared
                .last()
                .into_iter()
                .flat_map(Fingerprint::unread)
                .map(|name| Name::new(name))
                .collect(),
        })
    }
}

impl<'a> From<&'a Difference> for Changed<'a> {
    fn from(difference: &'a Difference) -> Self {
        let Difference { name, change, aspects } = difference;
        Self { name: Name::new(name), change: *change, aspects }
    }
}

impl Name {
    fn new(name: &[u8]) -> Self {
        let hexadecimal = || {
            name.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        let bytes = str::from_utf8(name).is_err().then(hexadecimal);
        Self { path: String::from_utf8_lossy(name).into_owned(), bytes }
    }
}

/// A path that JSON can say.
pub fn text(path: &HostPath) -> Result<&str> {
    path.as_path().to_str().ok_or_else(|| {
        let path = shown_path(path.as_path());
        Error::failed(format!("`{path}` is not UTF-8, and JSON cannot say it"))
    })
}
