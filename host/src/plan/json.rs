//! The documented JSON of a plan: a contract, see the README.

use serde::Serialize;

use super::Plan;
use crate::error::{Error, Result};
use crate::escape::shown_path;
use crate::value::Storage;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    workspace: &'a str,
    target: &'a str,
    shadows: Vec<Shadow<'a>>,
    notes: Vec<Note<'a>>,
}

#[derive(Serialize)]
struct Shadow<'a> {
    path: &'a str,
    target: &'a str,
    backing: &'static str,
    kind: &'a str,
    python: Option<&'a str>,
    home: Option<&'a str>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Note<'a> {
    severity: &'static str,
    path: Option<&'a str>,
    message: &'a str,
}

impl Plan {
    /// The plan as one line of JSON: keys always present, `null` where unknown,
    /// shadows sorted by path. Fails if a path is not UTF-8, which JSON cannot say.
    pub fn json(&self) -> Result<String> {
        let text = |path: &'_ std::path::Path| -> Result<String> {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                Error::failed(format!(
                    "`{}` is not UTF-8, and JSON cannot say it",
                    shown_path(path)
                ))
            })
        };
        let targets = self.shadows.iter().map(|shadow| text(shadow.target.as_path()));
        let targets = targets.collect::<Result<Vec<_>>>()?;
        let document = Document {
            version: 1,
            workspace: &text(self.workspace.as_path())?,
            target: &text(self.target.as_path())?,
            shadows: self
                .shadows
                .iter()
                .zip(&targets)
                .map(|(shadow, target)| Shadow {
                    path: shadow.path.as_str(),
                    target,
                    backing: match shadow.storage {
                        Storage::Tmpfs => "tmpfs",
                        Storage::Volume => "volume",
                    },
                    kind: &shadow.kind,
                    python: shadow.python.as_deref(),
                    home: shadow.home.as_deref(),
                    reason: &shadow.reason,
                })
                .collect(),
            notes: self
                .notes
                .iter()
                .map(|note| Note {
                    severity: if note.warning { "warning" } else { "info" },
                    path: note.path.as_deref(),
                    message: &note.message,
                })
                .collect(),
        };
        serde_json::to_string(&document)
            .map_err(|error| Error::failed(format!("cannot write JSON: {error}")))
    }
}
