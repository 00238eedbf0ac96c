//! Translates a checked plan into the command line or sandbox description of an engine.

mod argv;
mod docker;
mod entry;
mod native;
mod oci_cli;
mod podman;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

use crate::engine::Engine;
use crate::error::Error;
use crate::plan::Plan;
use crate::run_spec::RunSpec;

pub use argv::Argv;
pub use native::{Sandbox, ShadowMount};

/// A plan in an engine's form.
#[derive(Debug)]
pub enum Rendered {
    /// A command to start.
    Command(Argv),
    /// The description of a sandbox for the built-in engine.
    Sandbox(Sandbox),
    /// A document to print.
    Document(String),
}

impl Rendered {
    /// The text to print: a document as it is, or a command line quoted for a shell. For the
    /// built-in engine it is the equivalent `bwrap` command.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Document(text) => text.clone(),
            Self::Command(argv) => format!("{argv}\n"),
            Self::Sandbox(sandbox) => format!("{}\n", sandbox.bwrap()),
        }
    }

    /// The text with `SCRIPT` in place of paude's script, for reading rather than running.
    pub(crate) fn brief(&self) -> String {
        match self {
            Self::Document(text) => text.clone(),
            Self::Command(argv) => argv.brief(),
            Self::Sandbox(sandbox) => sandbox.bwrap().brief(),
        }
    }
}

/// A renderer of one engine. A new engine adds a file and a line in [`render`].
trait Render {
    /// Renders all of the plan and the specification, or returns the part that the engine
    /// cannot represent.
    fn render(&self, plan: &Plan, spec: &RunSpec) -> Result<Rendered, Unsupported>;
}

/// Renders a checked plan for the engine of the specification.
pub fn render(plan: &Plan, spec: &RunSpec) -> Result<Rendered, Unsupported> {
    let renderer: &dyn Render = match spec.engine {
        Engine::Podman => &podman::Podman,
        Engine::Docker => &docker::Docker,
        Engine::Native => &native::Native,
    };
    renderer.render(plan, spec)
}

/// A part of the plan that an engine cannot represent.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsupported {
    engine: Engine,
    /// The part, and the reason.
    what: String,
}

impl From<Unsupported> for Error {
    fn from(unsupported: Unsupported) -> Self {
        Self::failed(format!("{} cannot represent {}", unsupported.engine, unsupported.what))
            .hint("rename it, or try another --engine")
    }
}
