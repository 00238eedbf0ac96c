//! The resource limits of a policy. Only its time can be configured.

use std::fmt;
use std::time::Duration;

/// Bytes of a component's file.
pub(crate) const COMPONENT_BYTES: u64 = 64 << 20;
/// Bytes of all linear memories together.
pub(super) const MEMORY: usize = 256 << 20;
/// Elements of all tables together.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// Core instances of a component; also its memories, and its tables.
pub(super) const INSTANCES: usize = 64;
/// Files, directories and streams that are open at once.
pub(super) const OPEN_FILES: usize = 256;
/// Bytes that a policy may pass to the host in one call.
pub(super) const CALL_BYTES: usize = 8 << 20;
/// Random bytes that one call may request: the host generates them before they are counted.
pub(super) const RANDOM_BYTES: u64 = 64 << 10;

/// Wall time of the built-in policy: a project may have a million directories.
pub(super) const BUILTIN_TIME: Duration = Duration::from_secs(30);
/// Wall time of any other policy.
pub(super) const CUSTOM_TIME: Duration = Duration::from_secs(2);

/// The limits that the waiting thread enforces, because the policy's store cannot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// Wall time of the start and of all calls together.
    pub(super) time: Duration,
    /// Whether other policies use a part of the time until the deadline.
    pub(super) shares_time: bool,
    /// Wall time of compiling a custom component.
    pub(super) compile_time: Duration,
    /// Bytes by which paude's resident memory may grow: compiling takes memory, and so do the
    /// resources that the host holds for a policy. A policy in Python, the largest kind, takes
    /// 300 MiB to compile.
    pub(super) growth: usize,
}

impl Allowed {
    /// The limits of a custom policy without `--policy-timeout`.
    pub(super) const DEFAULT: Self = Self {
        time: CUSTOM_TIME,
        shares_time: false,
        compile_time: Duration::from_secs(60),
        growth: 350 << 20,
    };
}

/// A limit that a policy exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// [`Allowed::time`]
    Time(Duration),
    /// The time that the policies have together.
    TotalTime(Duration),
    /// [`Allowed::compile_time`]
    CompileTime(Duration),
    /// [`Allowed::growth`]
    Growth(usize),
    /// [`MEMORY`]
    Memory,
    /// [`TABLE_ELEMENTS`]
    Table,
    /// [`INSTANCES`]
    Instances,
    /// [`OPEN_FILES`]
    OpenFiles,
    /// [`CALL_BYTES`]
    CallBytes,
    /// [`super::tuning::STACK`]
    Stack,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "used more than {} s of time", time.as_secs()),
            Self::TotalTime(time) => {
                let seconds = time.as_secs();
                write!(f, "used more than {seconds} s of time together with the other policies")
            }
            Self::CompileTime(time) => {
                write!(f, "takes more than {} s to compile", time.as_secs())
            }
            Self::Growth(bytes) => {
                write!(f, "made paude itself use more than {} MiB of memory", bytes >> 20)
            }
            Self::Memory => write!(f, "used more than {} MiB of memory", MEMORY >> 20),
            Self::Table => write!(f, "used tables of more than {TABLE_ELEMENTS} elements"),
            Self::Instances => {
                write!(f, "has more than {INSTANCES} core instances, memories or tables")
            }
            Self::OpenFiles => {
                write!(f, "held more than {OPEN_FILES} files, directories and streams open")
            }
            Self::CallBytes => {
                write!(f, "passed more than {} MiB to the host in one call", CALL_BYTES >> 20)
            }
            Self::Stack => write!(f, "used more than {} KiB of stack", super::tuning::STACK >> 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table may be reworded, but not reordered.
    #[test]
    fn the_guest_readme_documents_every_limit() {
        let limits = [
            format!("{} s", Allowed::DEFAULT.time.as_secs()),
            format!("{} s", Allowed::DEFAULT.compile_time.as_secs()),
            format!("{} MiB", COMPONENT_BYTES >> 20),
            format!("{} MiB", MEMORY >> 20),
            format!("{TABLE_ELEMENTS}"),
            format!("{INSTANCES} each"),
            format!("{OPEN_FILES}"),
            format!("{} MiB", CALL_BYTES >> 20),
            format!("{} KiB", RANDOM_BYTES >> 10),
            format!("{} KiB", crate::policy::tuning::STACK >> 10),
        ];
        let readme = include_str!("../../../guest/README.md");
        let last_cell = |line: &'static str| line.strip_suffix(" |")?.rsplit("| ").next();
        let cells: Vec<_> = readme.lines().map(|line| last_cell(line).unwrap_or("")).collect();
        assert!(
            cells.windows(limits.len()).any(|table| table == limits),
            "guest/README.md has no table with {limits:?}"
        );
    }
}
