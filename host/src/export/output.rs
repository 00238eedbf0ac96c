//! The file that an export is written to or compared with.

use std::path::Path;

use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::path::HostPath;
use crate::plan::Plan;
use crate::whole_file::WholeFile;

/// The most bytes of a file that is read.
const MAX_BYTES: u64 = 16 << 20;

/// A regular file, or none yet.
#[derive(Debug)]
pub(crate) struct ExportFile {
    file: WholeFile,
    shown: String,
    /// The content; `None` if there is no file.
    content: Option<Vec<u8>>,
}

impl ExportFile {
    /// Opens the directory, and reads the file. Fails if the file is a link, a directory or a
    /// device, and for a path through a link that lies in what the plan shares.
    pub(crate) fn open(path: &Path, plan: &Plan) -> Result<Self> {
        let open = || {
            let shared: Vec<_> = plan.parts().map(Plan::workspace).collect();
            let file = WholeFile::named(path, &shared)?;
            let content = file.read(MAX_BYTES)?;
            Ok(Self { file, shown: shown_path(path), content })
        };
        open().map_err(|error: std::io::Error| {
            Error::failed(format!("cannot use the file `{}`: {error}", shown_path(path)))
        })
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
        self.file.replace(text).map_err(|error| {
            Error::failed(format!("cannot write `{}`: {error}", self.shown)).caused_by(error)
        })
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
    pub(crate) fn is_within(&self, project: &HostPath) -> bool {
        self.file.is_within(project)
    }
}
