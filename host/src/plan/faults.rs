//! What is wrong with a policy's answer: all of it, in one report.

use std::fmt;

use crate::error::Error;
use crate::escape::brief;

/// Faults shown before the rest are only counted.
const SHOWN: usize = 20;

/// Every fault of one answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report(Vec<String>);

impl Report {
    /// Adds a fault of the thing called `what`, which is foreign text.
    pub(super) fn add(&mut self, what: &str, fault: impl fmt::Display) {
        self.0.push(format!("`{}` {fault}", brief(what)));
    }

    /// Adds a fault of the answer as a whole.
    pub(super) fn whole(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// Whether the answer is without fault.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy's answer is refused; nothing was started")?;
        self.0.iter().take(SHOWN).try_for_each(|fault| write!(f, "\n  - {fault}"))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  - and {more} more"),
        }
    }
}

impl From<Report> for Error {
    fn from(report: Report) -> Self {
        Self::failed(report.to_string())
    }
}
