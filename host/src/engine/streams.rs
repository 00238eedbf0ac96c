//! The standard streams of a program that paude starts.

use std::fs::File;
use std::io::{self, PipeWriter, Read as _, Seek as _, SeekFrom};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// How much of a captured stream is read, in bytes: it may be endless.
const MAX_CAPTURED: u64 = 1 << 16;

/// The standard streams of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Streams<'c> {
    /// paude's own streams.
    Inherit,
    /// paude's own streams, but an empty stdin.
    NullStdin,
    /// paude's own stderr, but an empty stdin, and this pipe as stdout.
    Stdout(&'c PipeWriter),
    /// An empty stdin; stdout and stderr are captured.
    Capture(&'c CaptureFiles),
}

/// The captured output of a program, in files without a name.
#[derive(Debug)]
pub(crate) struct CaptureFiles {
    stdout: File,
    stderr: File,
}

impl CaptureFiles {
    pub(crate) fn new() -> Result<Self> {
        let file = || {
            tempfile::tempfile()
                .map_err(|error| Error::failed(format!("cannot create a temporary file: {error}")))
        };
        Ok(Self { stdout: file()?, stderr: file()? })
    }

    /// The beginning of stdout.
    pub(crate) fn stdout(&self) -> String {
        read_before(&self.stdout, SeekFrom::Start(MAX_CAPTURED)).unwrap_or_default()
    }

    /// The end of stderr, where programs print why they failed.
    pub(crate) fn stderr(&self) -> String {
        read_before(&self.stderr, SeekFrom::End(0)).unwrap_or_default()
    }
}

/// Reads at most [`MAX_CAPTURED`] bytes before a position.
fn read_before(mut file: &File, end: SeekFrom) -> io::Result<String> {
    let mut bytes = Vec::new();
    let end = file.seek(end)?;
    file.seek(SeekFrom::Start(end.saturating_sub(MAX_CAPTURED)))?;
    file.take(MAX_CAPTURED).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Streams<'_> {
    pub(crate) fn apply_to(self, command: &mut Command) -> io::Result<()> {
        if !matches!(self, Self::Inherit) {
            command.stdin(Stdio::null());
        }
        if let Self::Stdout(pipe) = self {
            command.stdout(pipe.try_clone()?);
        }
        if let Self::Capture(files) = self {
            command.stdout(files.stdout.try_clone()?).stderr(files.stderr.try_clone()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn reads_the_beginning_of_a_long_stdout_and_the_end_of_a_long_stderr() {
        let captured = CaptureFiles::new().unwrap();
        let long = format!("first{}last", "x".repeat(1 << 17));
        for mut file in [&captured.stdout, &captured.stderr] {
            file.write_all(long.as_bytes()).unwrap();
        }
        let max = usize::try_from(MAX_CAPTURED).unwrap();
        assert_eq!(captured.stdout(), long[..max]);
        assert_eq!(captured.stderr(), long[long.len() - max..]);
    }
}
