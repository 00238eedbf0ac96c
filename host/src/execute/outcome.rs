//! The result of a run.

use crate::error::{Exit, Result};

/// The result of a run in which the engine was started.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    /// How the command ended; the error of a run that paude stopped because a shadow was lost.
    pub(crate) exit: Result<Exit>,
    /// Whether the container is known to be gone.
    pub(crate) gone: bool,
}
