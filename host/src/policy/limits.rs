//! How much a policy may take. The time is the person's to set; the rest is fixed.

use std::fmt;
use std::time::Duration;

use crate::config::DEFAULT_POLICY_TIMEOUT;

/// Bytes of a component's file.
pub(super) const COMPONENT_BYTES: u64 = 64 << 20;
/// Bytes of all linear memories together.
pub(super) const MEMORY: usize = 256 << 20;
/// Elements of all tables together.
pub(super) const TABLE_ELEMENTS: usize = 100_000;
/// Core instances, and memories, and tables of a component.
pub(super) const INSTANCES: usize = 64;
/// Files, directories and streams open at once.
pub(super) const OPEN_FILES: usize = 256;
/// Bytes that one call may hand to the host.
pub(super) const ANSWER_BYTES: usize = 8 << 20;
/// Bytes of random numbers that one call may ask for: the host makes them first.
pub(super) const RANDOM_BYTES: u64 = 64 << 10;

/// What the caller's wait is bounded by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// Wall time of a policy's start and of all its answers together.
    pub(super) time: Duration,
    /// Wall time to compile a component that is not built in.
    pub(super) compile_time: Duration,
    /// Bytes by which paude itself may grow meanwhile: what compiling takes, and
    /// what the host keeps for a policy outside of its memories. A policy in Python, the
    /// largest there is, takes 300 MiB to compile.
    pub(super) growth: usize,
}

impl Allowed {
    /// What holds unless the person says otherwise.
    pub(super) const DEFAULT: Self = Self {
        time: DEFAULT_POLICY_TIMEOUT,
        compile_time: Duration::from_secs(60),
        growth: 350 << 20,
    };
}

/// A limit that a policy went past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// [`Allowed::time`]
    Time(Duration),
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
    /// [`ANSWER_BYTES`]
    Answer,
    /// [`super::tuning::STACK`]
    Stack,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "used more than {} s of time", time.as_secs()),
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
            Self::Answer => {
                write!(f, "handed over more than {} MiB in one call", ANSWER_BYTES >> 20)
            }
            Self::Stack => write!(f, "used more than {} KiB of stack", super::tuning::STACK >> 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_says_the_same() {
        let readme = include_str!("../../../guest/README.md");
        let lines = [
            format!(
                "| time, from its start to its last answer | {} s |",
                Allowed::DEFAULT.time.as_secs()
            ),
            format!(
                "| time to be compiled, before that | {} s |",
                Allowed::DEFAULT.compile_time.as_secs()
            ),
            format!("| bytes of its file | {} MiB |", COMPONENT_BYTES >> 20),
            format!("| all its memories together | {} MiB |", MEMORY >> 20),
            format!("| elements of all its tables together | {TABLE_ELEMENTS} |"),
            format!("| core instances, memories, tables | {INSTANCES} each |"),
            format!("| files, directories and streams open at once | {OPEN_FILES} |"),
            format!("| bytes it hands over in one call | {} MiB |", ANSWER_BYTES >> 20),
            format!("| random bytes it asks for in one call | {} KiB |", RANDOM_BYTES >> 10),
            format!("| stack | {} KiB |", crate::policy::tuning::STACK >> 10),
        ];
        for line in lines {
            assert!(readme.contains(&line), "not in guest/README.md: {line}");
        }
    }
}
