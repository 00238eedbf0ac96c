//! The state of a directory: every name, kind, mode, size, time and byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Everything that is compared of one file.
#[derive(PartialEq, Eq)]
struct FileState {
    mode: u32,
    owner: (u32, u32),
    size: u64,
    modified: (i64, i64),
    /// A file's content, a link's target, nothing for a directory.
    content: Vec<u8>,
}

/// All files below one directory, and the directory itself.
pub(crate) struct Snapshot(BTreeMap<PathBuf, FileState>);

impl Snapshot {
    /// Reads the whole tree; symbolic links are not followed.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let mut entries = BTreeMap::new();
        let mut pending = vec![dir.to_path_buf()];
        while let Some(path) = pending.pop() {
            let entry = read(&path, &mut pending)
                .with_context(|| format!("cannot read {}", path.display()))?;
            entries.insert(path, entry);
        }
        Ok(Self(entries))
    }

    /// The number of files and directories.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The differences of `later`, one line each; empty if there is none.
    pub(crate) fn differences(&self, later: &Self) -> Vec<String> {
        let removed =
            self.0.keys().filter(|path| !later.0.contains_key(*path)).map(|path| ("removed", path));
        let new =
            later.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| ("new", path));
        let changed = |(path, entry): &(&PathBuf, &FileState)| {
            later.0.get(*path).is_some_and(|other| other != *entry)
        };
        let changed = self.0.iter().filter(changed).map(|(path, _)| ("changed", path));
        removed
            .chain(new)
            .chain(changed)
            .map(|(what, path)| format!("{what}: {}", path.display()))
            .collect()
    }
}

fn read(path: &Path, pending: &mut Vec<PathBuf>) -> Result<FileState> {
    let meta = fs::symlink_metadata(path)?;
    let content = if meta.is_dir() {
        for child in fs::read_dir(path)? {
            pending.push(child?.path());
        }
        Vec::new()
    } else if meta.is_symlink() {
        fs::read_link(path)?.into_os_string().into_encoded_bytes()
    } else {
        fs::read(path)?
    };
    Ok(FileState {
        mode: meta.mode(),
        owner: (meta.uid(), meta.gid()),
        size: meta.size(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_new_and_removed_files_are_reported() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("paude-snapshot-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        for name in ["same", "changed", "removed"] {
            fs::write(dir.join(name), name)?;
        }
        let before = Snapshot::take(&dir)?;
        assert!(before.differences(&Snapshot::take(&dir)?).is_empty());
        fs::write(dir.join("changed"), "CHANGED")?;
        fs::write(dir.join("new"), "")?;
        fs::remove_file(dir.join("removed"))?;
        let reported = before.differences(&Snapshot::take(&dir)?).join("\n");
        fs::remove_dir_all(&dir)?;
        for word in ["removed: ", "new: ", "changed: "] {
            assert!(reported.contains(word), "{word} is not in {reported}");
        }
        assert!(!reported.contains("same"), "{reported}");
        Ok(())
    }
}
