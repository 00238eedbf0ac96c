//! Translates a checked plan into the command line or sandbox description of an engine.

mod argv;
mod dialect;
mod entry;
mod native;
mod oci_cli;
#[cfg(any(test, fuzzing))]
pub(crate) mod properties;

use crate::engine::Engine;
use crate::error::Error;
use crate::plan::Plan;
use crate::run_spec::RunSpec;

use dialect::Dialect;

pub use argv::Argv;
pub(crate) use dialect::{podman_shadow, podman_volume, quote_field};
pub(crate) use entry::{GuardKind, SHELL, ScriptArgs, on_path, replacing_script, script_args};
#[cfg(target_os = "linux")]
pub(crate) use native::leads_to_host_environment;
pub use native::{FurtherMount, Sandbox, ShadowMount};
pub(crate) use oci_cli::bind_mount;

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

/// Renders a checked plan for the engine of the specification, or returns the part that the
/// engine cannot represent.
pub fn render(plan: &Plan, spec: &RunSpec) -> Result<Rendered, Unsupported> {
    match Dialect::of(spec.engine) {
        Some(dialect) => dialect.render(plan, spec),
        None => Ok(Rendered::Sandbox(native::sandbox(plan, spec))),
    }
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
