//! The error type of every stage, and the exit codes.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

/// The exit codes that paude itself returns; `docs/proof.md` documents them.
pub(crate) mod exit_code {
    /// A check ran and found a problem.
    pub(crate) const PROBLEM_FOUND: u8 = 1;
    /// The command line or a settings file is wrong.
    pub(crate) const USAGE: u8 = 2;
    /// A hidden environment was not hidden, before or while the command ran.
    pub(crate) const GUARD: u8 = 120;
    /// The session that a command was to join, or had joined, has ended.
    pub(crate) const SESSION_ENDED: u8 = 121;
    /// paude, a policy or an engine failed before the command ran, as with `podman run`.
    pub(crate) const FAILED: u8 = 125;
    /// The command cannot be executed, as in POSIX shells.
    pub(crate) const NOT_EXECUTABLE: u8 = 126;
    /// The command was not found, as in POSIX shells.
    pub(crate) const NOT_FOUND: u8 = 127;
    /// Added to the number of the signal that ended the command, as in POSIX shells.
    pub(crate) const SIGNAL: u8 = 128;
}

/// The end of a `paude` command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The work is done.
    Ok,
    /// The check ran and found a problem.
    ProblemFound,
    /// The command in the container ended with this code (128+n for signal n).
    Command(u8),
}

impl Exit {
    /// The exit code of the process.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::ProblemFound => exit_code::PROBLEM_FOUND,
            Self::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The kind of failure, which determines the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Usage,
    Failed,
    Guard,
    SessionEnded,
    /// A signal; the exit code that it gives.
    Interrupted(u8),
}

/// One failure: a message, and hints for the user.
///
/// Messages begin in lower case, put names in backticks and end without a full stop. The caller
/// escapes untrusted text in them with `escape::shown`.
#[derive(Debug)]
pub struct Error {
    stage: Stage,
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    fn new(stage: Stage, message: impl Into<String>) -> Self {
        Self { stage, message: message.into(), hints: Vec::new(), source: None }
    }

    /// An error in the command line or a settings file; exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Stage::Usage, message)
    }

    /// A failure of paude, a policy or an engine; exit code 125.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Stage::Failed, message)
    }

    /// A hidden environment that is no longer hidden; exit code 120.
    pub(crate) fn guard(message: impl Into<String>) -> Self {
        Self::new(Stage::Guard, message)
    }

    /// A joined command whose session has ended; exit code 121.
    pub(crate) fn session_ended(message: impl Into<String>) -> Self {
        Self::new(Stage::SessionEnded, message)
    }

    /// Work that a signal ended before the command ran; `exit` is what the signal gives.
    pub(crate) fn interrupted(message: impl Into<String>, exit: Exit) -> Self {
        Self::new(Stage::Interrupted(exit.code()), message)
    }

    /// Adds a hint: what the user can do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Sets the error that [`StdError::source`] returns; the message already includes it.
    #[must_use]
    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The message without prefix and hints.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The hints, in the order in which they were added.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self.stage {
            Stage::Usage => exit_code::USAGE,
            Stage::Failed => exit_code::FAILED,
            Stage::Guard => exit_code::GUARD,
            Stage::SessionEnded => exit_code::SESSION_ENDED,
            Stage::Interrupted(code) => code,
        }
    }

    /// The text for standard error: `error: MESSAGE`, then a line `hint: HINT` for each hint.
    pub fn report(&self) -> String {
        let hints = self.hints.iter().map(|hint| format!("\nhint: {hint}"));
        format!("error: {}{}", self.message, hints.collect::<String>())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// The result of every stage of `paude`.
pub type Result<T, E = Error> = std::result::Result<T, E>;
