//! A directory as it is now: every name, kind, mode, size, time and byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What there is to know of one file.
#[derive(PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: (u32, u32),
    size: u64,
    modified: (i64, i64),
    /// A file's content, a link's target, nothing for a directory.
    content: Vec<u8>,
}

/// All files below one directory, and the directory itself.
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

impl Snapshot {
    /// Reads all of it; links are not followed.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let mut entries = BTreeMap::new();
        let mut left = vec![dir.to_path_buf()];
        while let Some(path) = left.pop() {
            let entry = read(&path, &mut left)
                .with_context(|| format!("cannot read {}", path.display()))?;
            entries.insert(path, entry);
        }
        Ok(Self(entries))
    }

    /// How many files and directories.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What is different in `later`, in words; empty when nothing is.
    pub(crate) fn differences(&self, later: &Self) -> Vec<String> {
        let gone =
            self.0.keys().filter(|path| !later.0.contains_key(*path)).map(|path| ("gone", path));
        let new =
            later.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| ("new", path));
        let changed = |(path, entry): &(&PathBuf, &Entry)| {
            later.0.get(*path).is_some_and(|other| other != *entry)
        };
        let changed = self.0.iter().filter(changed).map(|(path, _)| ("changed", path));
        gone.chain(new)
            .chain(changed)
            .map(|(what, path)| format!("{what}: {}", path.display()))
            .collect()
    }
}

fn read(path: &Path, left: &mut Vec<PathBuf>) -> Result<Entry> {
    let meta = fs::symlink_metadata(path)?;
    let content = if meta.is_dir() {
        for child in fs::read_dir(path)? {
            left.push(child?.path());
        }
        Vec::new()
    } else if meta.is_symlink() {
        fs::read_link(path)?.into_os_string().into_encoded_bytes()
    } else {
        fs::read(path)?
    };
    Ok(Entry {
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
    fn a_changed_a_new_and_a_lost_file_are_told() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("paude-snapshot-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        for name in ["kept", "changed", "lost"] {
            fs::write(dir.join(name), name)?;
        }
        let before = Snapshot::take(&dir)?;
        assert!(before.differences(&Snapshot::take(&dir)?).is_empty());
        fs::write(dir.join("changed"), "CHANGED")?;
        fs::write(dir.join("new"), "")?;
        fs::remove_file(dir.join("lost"))?;
        let told = before.differences(&Snapshot::take(&dir)?).join("\n");
        fs::remove_dir_all(&dir)?;
        for word in ["gone: ", "new: ", "changed: "] {
            assert!(told.contains(word), "{word} is not in {told}");
        }
        assert!(!told.contains("kept"), "{told}");
        Ok(())
    }
}
