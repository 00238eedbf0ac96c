//! What a program did.

use std::ops::Deref;
use std::process::Output;

/// The output and the exit status of a program. It proves nothing until something of it is
/// checked.
#[must_use = "check its exit code with `.code()`, or its output"]
pub struct Ran(pub Output);

/// A [`Ran`] of which something was checked; more can be.
pub struct Checked(Ran);

impl Ran {
    /// What it wrote to stdout.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// What it wrote to stderr.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Its exit code; none if a signal ended it.
    pub fn exit_code(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn code(self, code: i32) -> Checked {
        let (stdout, stderr) = (self.stdout(), self.stderr());
        assert_eq!(self.exit_code(), Some(code), "\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        Checked(self)
    }

    /// Fails unless stdout is exactly this text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Checked {
        Checked(self).prints(text)
    }
}

impl Checked {
    /// What a test checks in ways of its own.
    pub fn any(ran: Ran) -> Self {
        Self(ran)
    }

    /// Fails unless stderr contains this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let stderr = self.stderr();
        assert!(stderr.contains(text), "no {text:?} in stderr:\n{stderr}");
        self
    }

    /// Fails unless stdout is exactly this text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout(), text, "\n--- stderr\n{}", self.stderr());
        self
    }
}

impl Deref for Checked {
    type Target = Ran;

    fn deref(&self) -> &Ran {
        &self.0
    }
}
