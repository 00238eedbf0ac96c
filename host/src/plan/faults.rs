//! The faults of a policy's result.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::escape::brief;

/// The most faults that are shown; the rest are only counted.
const SHOWN: usize = 20;

/// Every fault of one result; with none, the result is accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PlanFaults {
    /// The policy whose result it is; `None` for what all of them returned.
    who: Option<String>,
    faults: Vec<String>,
    /// Whether the check was ended by its deadline.
    is_overtime: bool,
}

impl PlanFaults {
    /// No faults yet of the result of one policy; `who` is its name in messages.
    pub(crate) fn of_policy(who: &str) -> Self {
        Self { who: Some(who.to_owned()), ..Self::default() }
    }

    /// Adds a fault of `subject`, an untrusted path that is escaped here.
    pub(crate) fn add(&mut self, subject: &str, fault: impl fmt::Display) {
        self.faults.push(format!("`{}` {fault}", brief(subject)));
    }

    /// Adds a fault of the result as a whole.
    pub(crate) fn add_general(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    /// Adds the fault that the check has taken longer than the policies and it may together.
    pub(super) fn add_overtime(&mut self, time: Duration) {
        self.is_overtime = true;
        let seconds = time.as_secs();
        self.add_general(format!("checking the policy's result took more than {seconds} s"));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for PlanFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Some(who) => write!(f, "the result of {who}")?,
            None => f.write_str("the policy's result")?,
        }
        f.write_str(" is rejected; nothing was started")?;
        self.faults.iter().take(SHOWN).try_for_each(|fault| write!(f, "\n  - {fault}"))?;
        match self.faults.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  - and {more} more"),
        }
    }
}

impl From<PlanFaults> for Error {
    fn from(faults: PlanFaults) -> Self {
        let error = Self::failed(faults.to_string());
        match faults.is_overtime {
            true => error.hint("--policy-timeout SECONDS raises the limit"),
            false => error,
        }
    }
}
