//! The process of `paude up` that stays: paude itself, started again without a terminal.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use crate::engine::Streams;
use crate::error::{Error, Result};

/// The option that makes paude the process that stays.
pub(crate) const BACKGROUND_OPTION: &str = "--background";

/// What the command of a session that stays prints once it runs.
const READY: &str = "paude: up";

/// Starts the process that stays, with the arguments of this one. Its output goes to `log`; what
/// it prints to stdout, one line once the session is prepared, comes from the receiver, which is
/// disconnected when it ends.
pub(crate) fn start_background(log: &File) -> Result<(Child, Receiver<String>)> {
    let fail = |error: io::Error| {
        Error::failed(format!("cannot start the process that keeps the session: {error}"))
    };
    let program = match cfg!(target_os = "linux") {
        true => "/proc/self/exe".into(),
        false => std::env::current_exe().map_err(fail)?,
    };
    #[expect(clippy::disallowed_methods, reason = "paude itself")]
    let mut command = Command::new(program);
    command.arg0("paude").args(std::env::args_os().skip(1)).arg(BACKGROUND_OPTION);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(log.try_clone().map_err(fail)?);
    crate::unsafe_calls::lead_session(&mut command);
    let mut child = command.spawn().map_err(fail)?;
    let stdout = child.stdout.take().expect("piped");
    let (sender, receiver) = mpsc::channel();
    super::spawn_thread(move || {
        for line in BufReader::new(stdout).lines().map_while(io::Result::ok) {
            let _ = sender.send(line);
        }
    })?;
    Ok((child, receiver))
}

/// The command of a session that stays, and the pipe by which it says that it runs.
#[derive(Debug)]
pub(crate) struct Keeper {
    stdout: PipeWriter,
    ready: PipeReader,
}

impl Keeper {
    /// The command: builtins of the shell only, which wait without using the processor.
    pub(crate) fn command() -> [&'static str; 3] {
        const SCRIPT: &str =
            "echo 'paude: up'; while :; do /bin/sh -c 'kill -STOP $$' & wait \"$!\"; done";
        ["/bin/sh", "-c", SCRIPT]
    }

    pub(crate) fn new() -> Result<Self> {
        let (ready, stdout) =
            io::pipe().map_err(|error| Error::failed(format!("cannot create a pipe: {error}")))?;
        Ok(Self { stdout, ready })
    }

    /// The standard streams of the engine's client, or of the sandbox.
    pub(crate) fn streams(&self) -> Streams<'_> {
        Streams::Stdout(&self.stdout)
    }

    /// Calls `then`, in a thread, once the command runs and so the setup has succeeded.
    pub(crate) fn when_ready(&self, then: impl FnOnce() + Send + 'static) -> Result<()> {
        let ready = self.ready.try_clone();
        let ready = ready.map_err(|error| Error::failed(format!("cannot read a pipe: {error}")))?;
        super::spawn_thread(move || {
            let mut lines = BufReader::new(ready).lines().map_while(io::Result::ok);
            if lines.any(|line| line.trim_end() == READY) {
                then();
            }
            lines.for_each(drop);
        })
    }
}
