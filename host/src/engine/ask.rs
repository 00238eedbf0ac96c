//! Asking a program something.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use super::patience;
use super::streams::{Kept, Streams};

/// How long an answer may take: a hung daemon hangs its client.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    /// Whether it did as it was told.
    pub ok: bool,
    /// What it wrote to stdout, without the space around.
    pub stdout: String,
    /// What it wrote to stderr, or why it did not come so far.
    pub stderr: String,
}

/// Runs a program to its end, without a shell.
pub fn ask(program: impl AsRef<OsStr>, args: &[&str]) -> Answer {
    let failed = |stderr: String| Answer { ok: false, stdout: String::new(), stderr };
    let kept = match Kept::new() {
        Ok(kept) => kept,
        Err(error) => return failed(error.message().to_owned()),
    };
    #[expect(clippy::disallowed_methods, reason = "asks a program that the caller found")]
    let mut command = Command::new(program);
    command.args(args).current_dir("/");
    let child = Streams::Kept(&kept).of(&mut command).and_then(|()| command.spawn());
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(format!("it cannot be started: {error}")),
    };
    match patience::wait(&mut child, PATIENCE) {
        None => failed(format!("it does not answer in {} seconds", PATIENCE.as_secs())),
        Some(status) => Answer {
            ok: status.success(),
            stdout: kept.stdout().trim().to_owned(),
            stderr: kept.stderr().trim().to_owned(),
        },
    }
}

impl Answer {
    /// The last line of its words: programs say there why they failed.
    pub fn last(&self) -> &str {
        let words = if self.stderr.is_empty() { &self.stdout } else { &self.stderr };
        words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim()
    }
}
