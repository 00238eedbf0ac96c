//! The values of `--format`.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::engine::Engine;

/// The form in which `paude plan` prints a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A picture of the tree.
    Text,
    /// The documented JSON.
    Json,
    /// The command of an engine.
    Command(Engine),
}

const FORMATS: [Format; 2 + Engine::ALL.len()] = {
    let mut formats = [Format::Text; 2 + Engine::ALL.len()];
    formats[1] = Format::Json;
    let mut index = 0;
    while index < Engine::ALL.len() {
        formats[index + 2] = Format::Command(Engine::ALL[index]);
        index += 1;
    }
    formats
};

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Text => PossibleValue::new("text").help("A picture of the tree, for people"),
            Self::Json => PossibleValue::new("json").help("The documented JSON, for programs"),
            Self::Command(Engine::Native) => PossibleValue::new(Engine::Native.name())
                .help("The bubblewrap command that does what the built-in engine does"),
            Self::Command(engine) => {
                PossibleValue::new(engine.name()).help(format!("The {engine} command"))
            }
        })
    }
}

/// The form in which other subcommands print their result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Lines of text, for people
    Text,
    /// One line of JSON, for programs
    Json,
}
