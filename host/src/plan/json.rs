//! The JSON of a plan, which `docs/json.md` documents.

use serde::Serialize;

use super::Plan;
use crate::error::Result;
use crate::json_line;
use crate::value::Storage;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    workspace: &'a str,
    target: &'a str,
    network: &'static str,
    shadows: Vec<Shadow<'a>>,
    further: Vec<Further<'a>>,
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
struct Further<'a> {
    path: &'a str,
    target: &'a str,
    kind: &'static str,
    read_only: bool,
    shadows: Vec<Shadow<'a>>,
}

#[derive(Serialize)]
struct Note<'a> {
    severity: &'static str,
    path: Option<&'a str>,
    message: &'a str,
}

impl Plan {
    /// The plan as one line of JSON: all keys are present, `null` where a value is unknown, and
    /// the shadows are sorted by path. Fails if a path is not UTF-8.
    pub(crate) fn json(&self) -> Result<String> {
        json_line::line(&Document {
            version: 1,
            workspace: json_line::path_str(self.workspace.as_path())?,
            target: json_line::path_str(self.target.as_path())?,
            network: self.network.name(),
            shadows: Shadow::all(&self.shadows)?,
            further: self.further.iter().map(Further::new).collect::<Result<_>>()?,
            notes: self.notes.iter().map(Note::new).collect(),
        })
    }
}

impl<'a> Further<'a> {
    fn new(further: &'a super::Further) -> Result<Self> {
        let super::Further { plan, kind, read_only, .. } = further;
        Ok(Self {
            path: json_line::path_str(plan.workspace.as_path())?,
            target: json_line::path_str(plan.target.as_path())?,
            kind: kind.name(),
            read_only: *read_only,
            shadows: Shadow::all(&plan.shadows)?,
        })
    }
}

impl<'a> Shadow<'a> {
    fn all(shadows: &'a [super::Shadow]) -> Result<Vec<Self>> {
        shadows.iter().map(Self::new).collect()
    }

    fn new(shadow: &'a super::Shadow) -> Result<Self> {
        Ok(Self {
            path: shadow.path.as_str(),
            target: json_line::path_str(shadow.target.as_path())?,
            backing: match shadow.storage {
                Storage::Tmpfs => "tmpfs",
                Storage::Volume => "volume",
            },
            kind: shadow.kind.name(),
            python: shadow.python.as_deref(),
            home: shadow.home.as_deref(),
            reason: &shadow.reason,
        })
    }
}

impl<'a> Note<'a> {
    fn new(note: &'a super::Note) -> Self {
        Self { severity: note.severity.name(), path: note.path.as_deref(), message: &note.message }
    }
}
