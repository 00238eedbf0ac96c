//! The documented JSON of a verification: a contract, see the README.

use serde::Serialize;

use super::{Checklist, Line};
use crate::error::{Error, Result};
use crate::path::HostPath;
use crate::receipt::{Changes, Compared, text};
use crate::render::Engine;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    workspace: &'a str,
    engine: Engine,
    image: Option<&'a str>,
    passed: bool,
    steps: &'a [Line],
    environments: Vec<Changes<'a>>,
}

impl Checklist {
    /// The list, and what became of each environment, on one line.
    pub fn json(
        &self,
        workspace: &HostPath,
        engine: Engine,
        image: &str,
        compared: &[Compared],
    ) -> Result<String> {
        let document = Document {
            version: 1,
            workspace: text(workspace)?,
            engine,
            image: (engine != Engine::Native).then_some(image),
            passed: self.holds(),
            steps: &self.0,
            environments: Changes::all(compared)?,
        };
        serde_json::to_string(&document)
            .map(|text| text + "\n")
            .map_err(|error| Error::failed(format!("cannot write JSON: {error}")))
    }
}
