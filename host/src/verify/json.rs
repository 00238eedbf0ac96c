//! The JSON document of a verification. It is a contract, documented in `docs/json.md`.

use serde::Serialize;

use super::{Checklist, ChecklistLine};
use crate::engine::Engine;
use crate::error::Result;
use crate::json_line;
use crate::path::HostPath;
use crate::receipt::{Comparison, EnvironmentChanges};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    workspace: &'a str,
    engine: Engine,
    image: Option<&'a str>,
    passed: bool,
    steps: &'a [ChecklistLine],
    environments: Vec<EnvironmentChanges<'a>>,
}

impl Checklist {
    /// The steps, and what changed in each environment, as one line. Fails if a path cannot be
    /// represented in JSON.
    pub(crate) fn json(
        &self,
        workspace: &HostPath,
        engine: Engine,
        image: &str,
        comparisons: &[Comparison],
    ) -> Result<String> {
        json_line::line(&Document {
            version: 1,
            workspace: json_line::path_str(workspace.as_path())?,
            engine,
            image: (engine != Engine::Native).then_some(image),
            passed: self.has_passed(),
            steps: &self.0,
            environments: EnvironmentChanges::all(comparisons)?,
        })
    }
}
