//! Where the words of a program go.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// As much of a program's words as is read: they may be endless.
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

    /// The begin of what it wrote to stdout.
    pub fn stdout(&self) -> String {
        read(&self.stdout, SeekFrom::Start(MOST)).unwrap_or_default()
    }

    /// The end of what it wrote to stderr: programs say there why they failed.
    pub fn stderr(&self) -> String {
        read(&self.stderr, SeekFrom::End(0)).unwrap_or_default()
    }
}

/// What lies before a place.
fn read(mut file: &File, end: SeekFrom) -> io::Result<String> {
    let mut bytes = Vec::new();
    let end = file.seek(end)?;
    file.seek(SeekFrom::Start(end.saturating_sub(MOST)))?;
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn of_many_words_the_begin_or_the_end_is_read() {
        let kept = Kept::new().unwrap();
        let many = format!("first{}last", "x".repeat(1 << 17));
        for mut file in [&kept.stdout, &kept.stderr] {
            file.write_all(many.as_bytes()).unwrap();
        }
        let most = usize::try_from(MOST).unwrap();
        assert_eq!(kept.stdout(), many[..most]);
        assert_eq!(kept.stderr(), many[many.len() - most..]);
    }
}
