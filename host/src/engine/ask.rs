//! Asking a program something.

use std::ffi::OsStr;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::patience;
use super::streams::{Kept, Streams};
use crate::render::Engine;

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
    ask_within(patience::ANSWER, program, args)
}

/// The same for one that may take its time.
pub fn ask_within(patience: Duration, program: impl AsRef<OsStr>, args: &[&str]) -> Answer {
    let failed = |stderr: String| Answer { ok: false, stdout: String::new(), stderr };
    let kept = match Kept::new() {
        Ok(kept) => kept,
        Err(error) => return failed(error.message().to_owned()),
    };
    #[expect(clippy::disallowed_methods, reason = "asks a program that the caller found")]
    let mut command = Command::new(program);
    command.args(args);
    let child = Streams::Kept(&kept).of(&mut command).and_then(|()| command.spawn());
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(format!("it cannot be started: {error}")),
    };
    match patience::wait(&mut child, patience) {
        None => failed(format!("it does not answer in {} seconds", patience.as_secs())),
        Some(status) => Answer {
            ok: status.success(),
            stdout: kept.stdout().trim().to_owned(),
            stderr: kept.stderr().trim().to_owned(),
        },
    }
}

/// Fetches an image, in words of the engine's own on stderr.
pub fn pull(engine: Engine, image: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
    let mut command = Command::new(engine.to_string());
    let own = std::io::stderr().as_fd().try_clone_to_owned();
    let Ok(stderr) = own else { return false };
    let pulled =
        command.args(["pull", "--quiet", image]).stdin(Stdio::null()).stdout(stderr).status();
    pulled.is_ok_and(|status| status.success())
}

impl Answer {
    /// The last line of its words: programs say there why they failed.
    pub fn last(&self) -> &str {
        let words = if self.stderr.is_empty() { &self.stdout } else { &self.stderr };
        words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim()
    }
}
