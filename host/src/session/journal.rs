//! The journal of a workspace: what its runs have started and not yet cleaned up, one line
//! of JSON each, in the user's state directory.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::state_dir::{self, StateDir};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::escape::shown_path;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum JournalEntry {
    /// A container that is about to be started.
    Container { engine: Engine, name: String },
    /// A container that is known to be gone.
    Gone { engine: Engine, name: String },
    /// A directory that is about to be created. The identity distinguishes it from a later
    /// directory of that name; `None` where only paude uses the name.
    Directory { path: String, identity: Option<String> },
    /// A further directory of a run, which has a journal of its own.
    Further { path: OsString },
}

/// How much of a journal is read, in bytes: thousands of lines.
const MAX_READ: u64 = 1 << 20;

/// The time between two attempts to lock a journal.
const PAUSE: Duration = Duration::from_millis(10);

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal of a workspace.
    pub(super) fn open(state: &StateDir) -> io::Result<Self> {
        let path = state.journal();
        let with_path = |error: io::Error| state_dir::fault(&path, &error);
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        #[expect(clippy::disallowed_methods, reason = "it is outside the workspace")]
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(&path)
            .map_err(with_path)?;
        let data = file.metadata()?;
        // paude removes what the journal names, so nobody else may have written it.
        if !data.is_file() || data.uid() != rustix::process::geteuid().as_raw() {
            return Err(with_path(io::Error::other("not a regular file that you own")));
        }
        Ok(Self { file, path })
    }

    /// Opens a temporary file as a journal.
    #[cfg(test)]
    pub(super) fn of_test(file: &tempfile::NamedTempFile) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a file of the test")]
        let opened = File::options().read(true).append(true).open(file.path()).unwrap();
        Self { file: opened, path: file.path().to_owned() }
    }

    /// Takes a shared lock, waiting for an exclusive holder: a run that cleans up after killed
    /// ones.
    ///
    /// # Errors
    ///
    /// The holder keeps its lock for `limit`, or the file system has no locks.
    pub(super) fn lock_shared(&self, limit: Duration) -> Result<()> {
        let start = Instant::now();
        loop {
            match flock(&self.file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => return Ok(()),
                Err(Errno::WOULDBLOCK) if start.elapsed() < limit => std::thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => return Err(self.describe_holder(limit)),
                Err(Errno::INTR) => {}
                Err(error) => {
                    return Err(Error::failed(format!(
                        "cannot lock the journal `{}`: {error}",
                        shown_path(&self.path)
                    )));
                }
            }
        }
    }

    /// The error that says which run holds the exclusive lock.
    fn describe_holder(&self, limit: Duration) -> Error {
        let inode = self.file.metadata().map(|data| data.ino()).unwrap_or_default();
        #[expect(clippy::disallowed_methods, reason = "a file of the kernel, not of the project")]
        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        let holder = locks.lines().find_map(|line| exclusive_holder(line, inode));
        let process = holder.map(|pid| format!(", process {pid},")).unwrap_or_default();
        let seconds = limit.as_secs();
        Error::failed(format!(
            "another paude{process} is cleaning up after a killed run of this project, for more \
             than {seconds} s"
        ))
        .hint("wait until it has ended; it waits for its engine, which `paude doctor` checks")
    }

    /// Takes an exclusive lock, in place of the shared one if this run holds it, and returns
    /// whether it did. Where another run holds a lock, this run holds none afterwards.
    pub(super) fn try_lock_exclusive(&self) -> bool {
        flock(&self.file, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// Appends lines with a single write, so that those of parallel runs never mix.
    ///
    /// # Errors
    ///
    /// The file would exceed [`MAX_READ`]: what lies beyond would never be removed.
    pub(super) fn append(&self, entries: &[JournalEntry]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        if self.file.metadata()?.len().saturating_add(lines.len() as u64) > MAX_READ {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the journal is full"));
        }
        (&self.file).write_all(&lines)
    }

    /// Reads the lines in the first [`MAX_READ`] bytes, and skips those that a kill or a full
    /// disk cut off.
    pub(super) fn entries(&self) -> Vec<JournalEntry> {
        let (mut file, mut text) = (&self.file, Vec::new());
        let _ = file.rewind().and_then(|()| file.take(MAX_READ).read_to_end(&mut text));
        let lines = text.split(|&byte| byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// The time since the last line was written.
    pub(super) fn age(&self) -> Duration {
        let written = self.file.metadata().and_then(|data| data.modified());
        written.ok().and_then(|written| written.elapsed().ok()).unwrap_or_default()
    }

    /// Replaces all lines by these.
    pub(super) fn replace(&self, entries: &[JournalEntry]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.append(entries)
    }
}

/// The process that a line of /proc/locks names as the exclusive holder of a lock on this inode:
/// `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`, the inode after the device.
fn exclusive_holder(line: &str, inode: u64) -> Option<u32> {
    let mut words = line.split_ascii_whitespace();
    let (_, kind, _, mode) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (process, file) = (words.next()?, words.next()?);
    let is_it = kind == "FLOCK" && mode == "WRITE";
    let is_same = file.rsplit(':').next().is_some_and(|last| last.parse() == Ok(inode));
    (is_it && is_same).then(|| process.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_holder_of_a_lock_is_read_from_the_kernels_list() {
        let line = "7: FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF";
        assert_eq!(exclusive_holder(line, 1234), Some(4711));
        assert_eq!(exclusive_holder(line, 123), None);
        for other in ["FLOCK  ADVISORY  READ", "POSIX  ADVISORY  WRITE", "LEASE  ACTIVE  WRITE"] {
            let line = line.replace("FLOCK  ADVISORY  WRITE", other);
            assert_eq!(exclusive_holder(&line, 1234), None);
        }
        // A waiting process.
        let line = "7: -> FLOCK  ADVISORY  WRITE 4711 fd:01:1234 0 EOF";
        assert_eq!(exclusive_holder(line, 1234), None);
    }

    #[test]
    fn waiting_for_a_clean_up_ends_and_names_the_run() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || Journal::of_test(&file);
        let holder = open();
        assert!(holder.try_lock_exclusive());
        let (results, when_ended) = mpsc::channel();
        let waiter = open();
        std::thread::spawn(move || {
            let result = waiter.lock_shared(Duration::from_millis(50));
            let _ = results.send(result.map_err(|error| error.message().to_owned()));
        });
        let result = when_ended.recv_timeout(Duration::from_secs(60)).expect("it ends");
        let process = match cfg!(target_os = "linux") {
            true => format!(", process {},", std::process::id()),
            false => String::new(),
        };
        let message = format!(
            "another paude{process} is cleaning up after a killed run of this project, for more \
             than 0 s"
        );
        assert_eq!(result, Err(message));
        drop(holder);
        open().lock_shared(Duration::ZERO).unwrap();
    }
}
