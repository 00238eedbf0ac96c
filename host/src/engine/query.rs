//! Runs other programs and captures their output.

use std::ffi::OsStr;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::kind::{Engine, refers_to_help};
use super::streams::{CaptureFiles, Streams};
use crate::timeout;

/// The output of a program.
#[derive(Debug)]
pub(crate) struct QueryOutput {
    /// Whether it exited with 0.
    pub(crate) ok: bool,
    /// Its standard output, trimmed.
    pub(crate) stdout: String,
    /// Its standard error, trimmed; the reason if it could not be started or was killed.
    pub(crate) stderr: String,
}

/// Runs a program to its end, without a shell and for at most [`timeout::QUERY`].
pub(crate) fn query(program: impl AsRef<OsStr>, args: &[&str]) -> QueryOutput {
    query_within(timeout::QUERY, program, args)
}

/// Like [`query`], with another timeout.
pub(crate) fn query_within(
    timeout: Duration,
    program: impl AsRef<OsStr>,
    args: &[&str],
) -> QueryOutput {
    let failed = |stderr: String| QueryOutput { ok: false, stdout: String::new(), stderr };
    let captured = match CaptureFiles::new() {
        Ok(captured) => captured,
        Err(error) => return failed(error.message().to_owned()),
    };
    #[expect(clippy::disallowed_methods, reason = "runs a program that the caller found")]
    let mut command = Command::new(program);
    command.args(args);
    let child = Streams::Capture(&captured).apply_to(&mut command).and_then(|()| command.spawn());
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(format!("it cannot be started: {error}")),
    };
    match timeout::wait_timeout(&mut child, timeout) {
        None => failed(format!("no answer within {} seconds", timeout.as_secs())),
        Some(status) => QueryOutput {
            ok: status.success(),
            stdout: captured.stdout().trim().to_owned(),
            stderr: captured.stderr().trim().to_owned(),
        },
    }
}

/// Queries the id of an image that the engine has.
pub(crate) fn inspect_image(engine: Engine, image: &str) -> QueryOutput {
    query(engine.program(), &["image", "inspect", "--format", "{{.Id}}", image])
}

/// Whether the engine has an image; true also if it does not answer that.
pub(crate) fn has_image(engine: Engine, image: &str) -> bool {
    let output = inspect_image(engine, image);
    let message = output.stderr.to_lowercase();
    let absent = engine.client().map_or(&[][..], |client| client.no_such_image);
    output.ok || !absent.iter().any(|text| message.contains(text))
}

/// Pulls an image; the engine reports progress and errors on stderr. Returns whether it
/// succeeded.
pub(crate) fn pull(engine: Engine, image: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the engine's own client")]
    let mut command = Command::new(engine.program());
    let Ok(stderr) = std::io::stderr().as_fd().try_clone_to_owned() else { return false };
    let status =
        command.args(["pull", "--quiet", image]).stdin(Stdio::null()).stdout(stderr).status();
    status.is_ok_and(|status| status.success())
}

impl QueryOutput {
    /// The line that says why the program failed, of stderr if it has any.
    pub(crate) fn last_line(&self) -> &str {
        let output = if self.stderr.is_empty() { &self.stdout } else { &self.stderr };
        reason_line(output).unwrap_or("no output")
    }
}

/// The line of an engine's output that says why it failed: the last one that is neither blank nor
/// a reference to the help.
pub(crate) fn reason_line(output: &str) -> Option<&str> {
    let lines = || output.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    lines().find(|line| !refers_to_help(line)).or_else(|| lines().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: &str = "docker: Error response from daemon: pull access denied for nope, \
        repository does not exist or may require 'docker login': denied: requested access to the \
        resource is denied";
    const NO_SOURCE: &str = "docker: Error response from daemon: invalid mount config for type \
        \"bind\": bind source path does not exist: /nope";
    const USAGE: &str = "Usage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]";
    const SEE: &str = "See 'docker run --help'.";
    const RUN: &str = "Run 'docker run --help' for more information";

    #[test]
    fn the_reason_is_not_the_reference_to_the_help() {
        let fetching = "Unable to find image 'nope:latest' locally";
        for (output, reason) in [
            // docker 20.10
            (format!("{fetching}\n{DENIED}.\n{SEE}\n"), format!("{DENIED}.")),
            (format!("{NO_SOURCE}.\n{SEE}\n"), format!("{NO_SOURCE}.")),
            (format!("unknown flag: --nope\n{SEE}\n"), "unknown flag: --nope".to_owned()),
            // docker 28
            (format!("{fetching}\n{DENIED}\n\n{RUN}\n"), DENIED.to_owned()),
            (format!("{NO_SOURCE}\n\n{RUN}\n"), NO_SOURCE.to_owned()),
            (
                format!("unknown flag: --nope\n\n{USAGE}\n\n{RUN}\n"),
                "unknown flag: --nope".to_owned(),
            ),
            // podman
            (
                "Error: unknown flag: --nope\nSee 'podman run --help'\n".to_owned(),
                "Error: unknown flag: --nope".to_owned(),
            ),
            // Nothing else is there.
            (format!("\n{SEE}\n\n"), SEE.to_owned()),
        ] {
            assert_eq!(reason_line(&output), Some(reason.as_str()), "{output}");
        }
        assert_eq!(reason_line(" \n"), None);
    }
}
