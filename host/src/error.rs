//! What goes wrong, how it is said, and what the process exits with.

use std::fmt;
use std::process::ExitCode;

/// How a run ended. The numbers are documented in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked was done.
    Ok,
    /// What was to be looked at was looked at, and is not as it should be.
    Unmet,
    /// The command ran and ended with this code (128+n for signal n).
    Command(u8),
}

impl Exit {
    /// What the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unmet => 1,
            Self::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Which stage failed; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line or a configuration file is wrong: exit code 2.
    Usage,
    /// `paude`, a policy or an engine failed before the command ran: exit code 125.
    Failed,
    /// A shadow was lost while the command ran: exit code 120.
    Guard,
}

/// One failure: a sentence, and what the person can do about it.
///
/// Messages begin in lower case, put names in backticks and end without a full
/// stop. Whoever builds one escapes the foreign text in it.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// The person's input is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hints: Vec::new() }
    }

    /// The work could not be done.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hints: Vec::new() }
    }

    /// What was promised does not hold any more.
    pub fn guard(message: impl Into<String>) -> Self {
        Self { kind: Kind::Guard, message: message.into(), hints: Vec::new() }
    }

    /// Adds what to do next; shown on a line of its own.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The sentence, without hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the person can do.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// What the process exits with.
    pub fn code(&self) -> u8 {
        match self.kind {
            Kind::Usage => 2,
            Kind::Failed => 125,
            Kind::Guard => 120,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Error {}

/// What every stage of `paude` returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
