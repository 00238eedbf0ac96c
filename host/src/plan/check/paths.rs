//! Inspects each path once, and only before the deadline.

use super::Check;
use crate::path::RelPath;
use crate::workspace::PathState;

/// The deadline of a check is over.
pub(super) struct Overtime;

impl Check<'_> {
    pub(super) fn check_time(&self) -> Result<(), Overtime> {
        match self.deadline.is_over() {
            true => Err(Overtime),
            false => Ok(()),
        }
    }

    /// What a path leads to, or the reason why it cannot be followed.
    pub(super) fn inspect(
        &mut self,
        path: &RelPath,
    ) -> Result<Result<PathState, String>, Overtime> {
        self.check_time()?;
        if let Some(state) = self.states.get(path) {
            return Ok(state.clone());
        }
        let deadline = self.deadline;
        let state = self.workspace.inspect_path_while(path, || !deadline.is_over());
        let state = state.map_err(|error| error.to_string());
        self.states.insert(path.clone(), state.clone());
        Ok(state)
    }

    /// The path with all links resolved; unchanged if it leads out of the workspace or to
    /// something that cannot be hidden.
    pub(super) fn follow_links(&mut self, path: &RelPath) -> Result<RelPath, Overtime> {
        Ok(match self.inspect(path)? {
            Ok(PathState::Directory(real)) => real,
            Ok(PathState::Missing(missing)) => missing.last().clone(),
            Ok(PathState::File | PathState::Outside) | Err(_) => path.clone(),
        })
    }
}
