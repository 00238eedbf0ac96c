//! Why a policy returned no result.

use rustix::io::Errno;
use wasmtime::{Store, Trap};

use super::inspect::{ComponentFault, Inspection};
use super::limits::Limit;
use super::sandbox::PolicyState;

/// The reason why a policy returned no result.
pub(super) enum PolicyFailure {
    /// It exceeded a limit.
    Limit(Limit),
    /// This host cannot run the component: the inspection has at least one fault.
    Invalid(Inspection),
    /// It trapped or exited, with the error message.
    Trap(String),
    /// This machine cannot run any policy, or paude has a bug; with the error message.
    Host(String),
}

impl From<ComponentFault> for PolicyFailure {
    fn from(fault: ComponentFault) -> Self {
        Self::Invalid(fault.into())
    }
}

/// The failure that an error of a call into the policy stands for.
pub(super) fn classify_error(store: &Store<PolicyState>, error: &wasmtime::Error) -> PolicyFailure {
    match store.data().exceeded.or_else(|| find_exceeded_limit(error)) {
        Some(limit) => PolicyFailure::Limit(limit),
        // The context of a trap is a backtrace of function numbers, which helps nobody.
        None => match error.downcast_ref::<Trap>() {
            Some(trap) => PolicyFailure::Trap(trap.to_string()),
            None if error.chain().any(is_shortage) => PolicyFailure::Host(format!("{error:#}")),
            None => PolicyFailure::Trap(format!("{error:#}")),
        },
    }
}

/// Whether the machine, or a limit of the user's on it, is out of memory, files or threads.
fn is_shortage(cause: &(dyn std::error::Error + 'static)) -> bool {
    let number = match cause.downcast_ref::<Errno>() {
        Some(number) => Some(*number),
        None => cause.downcast_ref().and_then(Errno::from_io_error),
    };
    matches!(number, Some(Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::AGAIN))
}

/// The limit that wasmtime enforced by itself with this error.
fn find_exceeded_limit(error: &wasmtime::Error) -> Option<Limit> {
    if let Some(Trap::StackOverflow) = error.downcast_ref() {
        return Some(Limit::Stack);
    }
    // wasmtime has no public types for these errors.
    error.chain().map(ToString::to_string).find_map(|cause| {
        if cause.contains("fuel allocated for hostcalls has been exhausted") {
            Some(Limit::CallBytes)
        } else if cause.contains("resource table has no free keys") {
            Some(Limit::OpenFiles)
        } else if cause.starts_with("resource limit exceeded") {
            Some(Limit::Instances)
        } else {
            None
        }
    })
}
