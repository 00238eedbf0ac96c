//! The file that an export is written to or compared with.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};

use crate::bounded_read;
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::path::HostPath;

/// The most bytes of a file that is read.
const MAX_BYTES: u64 = 16 << 20;

/// The number of names for a temporary file; killed exports may have left some of them.
const MAX_TEMPORARY: usize = 100;

/// A regular file, or none yet, in a directory that is held open.
#[derive(Debug)]
pub(crate) struct ExportFile {
    dir: Dir,
    name: OsString,
    shown: String,
    /// The content; `None` if there is no file.
    content: Option<Vec<u8>>,
}

impl ExportFile {
    /// Opens the directory, and reads the file. Fails if the file is a link, a directory or a
    /// device.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::try_open(path).map_err(|error| {
            Error::failed(format!("cannot use the file `{}`: {error}", shown_path(path)))
        })
    }

    fn try_open(path: &Path) -> io::Result<Self> {
        let names_no_file = || io::Error::other("it names no file");
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(names_no_file());
        }
        let name = path.file_name().ok_or_else(names_no_file)?.to_owned();
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = Dir::open_ambient_dir(dir.unwrap_or(Path::new(".")), ambient_authority())?;
        let mut options = OpenOptions::new();
        let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        options.read(true).custom_flags(bounded_read::NONBLOCKING | no_follow);
        let content = match dir.symlink_metadata(&name) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Ok(metadata) if metadata.is_symlink() => {
                return Err(io::Error::other("it is a link, which is not followed"));
            }
            _ => Some(bounded_read::read(dir.open_with(&name, &options)?.into_std(), MAX_BYTES)?),
        };
        Ok(Self { dir, name, shown: shown_path(path), content })
    }

    /// Writes the text as a whole or not at all. A file with this text is left alone; another is
    /// replaced if its first line is `header`, or if `force` is set.
    pub(crate) fn write(&self, text: &str, header: &str, force: bool) -> Result<()> {
        if let Some(content) = &self.content {
            if content == text.as_bytes() {
                return Ok(());
            }
            let is_ours = content.strip_prefix(header.as_bytes());
            if !is_ours.is_some_and(|rest| rest.starts_with(b"\n")) && !force {
                let message = format!("`{}` exists, and paude did not write it", self.shown);
                return Err(Error::failed(message).hint("--force replaces it"));
            }
        }
        self.replace(text).map_err(|error| {
            Error::failed(format!("cannot write `{}`: {error}", self.shown)).caused_by(error)
        })
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let (temporary, mut file) = self.create_temporary()?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let renamed = written.and_then(|()| self.dir.rename(&temporary, &self.dir, &self.name));
        if renamed.is_err() {
            let _ = self.dir.remove_file(&temporary);
        }
        renamed
    }

    fn create_temporary(&self) -> io::Result<(OsString, cap_std::fs::File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let process = std::process::id();
        for name in (0..MAX_TEMPORARY).map(|n| format!(".paude-export-{process}-{n}")) {
            match self.dir.open_with(&name, &options) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                file => return Ok((name.into(), file?)),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// The difference between the file and the text, escaped for a terminal; `None` if there is
    /// none. A file that does not exist is an empty one.
    pub(crate) fn difference(&self, text: &str) -> Option<String> {
        let content = self.content.as_deref().unwrap_or_default();
        if self.content.is_some() && content == text.as_bytes() {
            return None;
        }
        let old = String::from_utf8_lossy(content);
        let diff = similar::TextDiff::from_lines(old.as_ref(), text);
        let diff = diff.unified_diff().header(&self.shown, "the plan").to_string();
        let lines = diff.lines().map(|line| format!("{}\n", shown(line)));
        Some(lines.collect())
    }

    /// Whether the file lies in this directory.
    pub(crate) fn is_within(path: &Path, project: &HostPath) -> bool {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        let dir = HostPath::resolve(dir.unwrap_or(Path::new(".")));
        dir.is_ok_and(|dir| dir.as_path().starts_with(project.as_path()))
    }
}
