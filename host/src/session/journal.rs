//! The journal of a workspace: what its runs have begun and not yet ended, a line
//! of JSON each, in the person's state directory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::time::Duration;

use cap_std::fs::MetadataExt as _;
use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};

use crate::escape::shown_path;
use crate::home;
use crate::render::Engine;
use crate::workspace::Workspace;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// A container that is about to be started.
    Container { engine: Engine, name: String },
    /// It is gone.
    Gone { engine: Engine, name: String },
    /// A directory that is about to be made, and what tells it from a later one of that
    /// name: nothing, where nobody else gives that name.
    Directory { path: String, identity: Option<String> },
}

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// Opens the journal of a workspace. It is named after the device and inode, so
    /// that a renamed workspace keeps it.
    pub(super) fn open(workspace: &Workspace) -> io::Result<Self> {
        let dir = home::state().ok_or_else(|| {
            io::Error::other("neither XDG_STATE_HOME nor HOME is an absolute path")
        })?;
        let data = workspace.dir().dir_metadata()?;
        let path = dir.join(format!("{:x}-{:x}.journal", data.dev(), data.ino()));
        let at = |error: io::Error| {
            io::Error::new(error.kind(), format!("`{}`: {error}", shown_path(&path)))
        };
        home::may_be_made(&dir).map_err(at)?;
        #[expect(clippy::disallowed_methods, reason = "it lies outside the workspace")]
        std::fs::create_dir_all(&dir).map_err(at)?;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        #[expect(clippy::disallowed_methods, reason = "it lies outside the workspace")]
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(&path)
            .map_err(at)?;
        let data = file.metadata()?;
        // What it names is removed: only the person's own word counts.
        if !data.is_file() || data.uid() != rustix::process::geteuid().as_raw() {
            return Err(at(io::Error::other("is not a file of yours")));
        }
        Ok(Self(file))
    }

    /// Joins the runs that hold it.
    pub(super) fn join(&self) -> io::Result<()> {
        Ok(flock(&self.0, FlockOperation::LockShared)?)
    }

    /// Whether nobody else holds it; then nobody else can, until it is joined or closed.
    /// If others do, it is no longer held by this run either.
    pub(super) fn is_alone(&self) -> bool {
        flock(&self.0, FlockOperation::NonBlockingLockExclusive).is_ok()
    }

    /// Adds lines; a single write, so that those of parallel runs never mix.
    pub(super) fn add(&self, entries: &[Entry]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        (&self.0).write_all(&lines)
    }

    /// All lines. A torn one is a write that a kill or a full disk cut off.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut text = String::new();
        let _ = (&self.0).rewind().and_then(|()| (&self.0).read_to_string(&mut text));
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// How long ago the last line was written.
    pub(super) fn age(&self) -> Duration {
        let written = self.0.metadata().and_then(|data| data.modified());
        written.ok().and_then(|written| written.elapsed().ok()).unwrap_or_default()
    }

    /// Forgets all lines but these.
    pub(super) fn keep(&self, entries: &[Entry]) -> io::Result<()> {
        self.0.set_len(0)?;
        self.add(entries)
    }
}
