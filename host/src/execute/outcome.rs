//! The result of a run, and what happens on the way to it.

use std::path::Path;
use std::sync::Arc;

use super::ProcessId;
use crate::error::{Exit, Result};

/// The result of a run in which the engine was started.
#[derive(Debug)]
pub(crate) struct RunOutcome {
    /// How the command ended; the error of a run that paude stopped because a shadow was lost.
    pub(crate) exit: Result<Exit>,
    /// Whether the container is known to be gone.
    pub(crate) gone: bool,
}

/// Something that happens while a container runs, which those who join it have to know.
#[derive(Debug)]
pub(crate) enum Milestone<'m> {
    /// The container runs: its first process, unless another machine or process id namespace
    /// runs it.
    Started(Option<ProcessId>),
    /// The shadow at this path was lost; the container is about to be stopped.
    Lost(&'m Path),
}

/// What is told of each milestone, by any thread.
pub(crate) type Observer = Arc<dyn Fn(Milestone<'_>) + Send + Sync>;
