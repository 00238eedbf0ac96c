//! Where the words of a program go.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// As much of a program's words as is kept: they may be endless.
const MOST: u64 = 1 << 16;

/// What a program reads and writes.
#[derive(Clone, Copy, Debug)]
pub enum Streams<'k> {
    /// What paude itself does.
    Own,
    /// The same, but it reads nothing.
    Unread,
    /// It reads nothing, and what it writes is kept.
    Kept(&'k Kept),
}

/// What a program wrote, in files without a name.
#[derive(Debug)]
pub struct Kept {
    stdout: File,
    stderr: File,
}

impl Kept {
    /// Nothing yet.
    pub fn new() -> Result<Self> {
        let file = || {
            tempfile::tempfile()
                .map_err(|error| Error::failed(format!("cannot make a temporary file: {error}")))
        };
        Ok(Self { stdout: file()?, stderr: file()? })
    }

    /// What it wrote to stdout.
    pub fn stdout(&self) -> String {
        read(&self.stdout).unwrap_or_default()
    }

    /// What it wrote to stderr.
    pub fn stderr(&self) -> String {
        read(&self.stderr).unwrap_or_default()
    }
}

fn read(mut file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Streams<'_> {
    /// Has a command use them.
    pub(super) fn of(self, command: &mut Command) -> io::Result<()> {
        if !matches!(self, Self::Own) {
            command.stdin(Stdio::null());
        }
        if let Self::Kept(kept) = self {
            command.stdout(kept.stdout.try_clone()?).stderr(kept.stderr.try_clone()?);
        }
        Ok(())
    }
}
