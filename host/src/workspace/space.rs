//! The size of environments, and the free memory for them.

use std::sync::mpsc::{self, Receiver};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, ReadDir};

use super::Workspace;
use crate::path::RelPath;

impl Workspace {
    /// Searches for the first of the directories whose files have more than this many bytes, and
    /// sends it. The search follows no link, skips what it cannot read, and runs on a thread of
    /// its own, because it may have to read all of the directories.
    pub(crate) fn find_larger(&self, paths: Vec<RelPath>, bytes: u64) -> Receiver<RelPath> {
        let (sender, receiver) = mpsc::channel();
        if let Ok(root) = self.dir.try_clone() {
            let _ = std::thread::Builder::new().spawn(move || {
                let is_larger = |path: &RelPath| {
                    let dir = root.open_dir_nofollow(path.as_path());
                    dir.is_ok_and(|dir| is_larger(dir, bytes))
                };
                paths.into_iter().find(is_larger).map(|path| sender.send(path))
            });
        }
        receiver
    }
}

/// Whether the files below a directory have more than this many bytes; stops at the first file
/// over the limit.
fn is_larger(dir: Dir, bytes: u64) -> bool {
    let (mut left, mut levels) = (bytes, Vec::from_iter(open_level(dir)));
    while let Some((dir, entries)) = levels.last_mut() {
        let Some(entry) = entries.next() else {
            levels.pop();
            continue;
        };
        let Ok(entry) = entry else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let inner = dir.open_dir_nofollow(entry.file_name());
            levels.extend(inner.ok().and_then(open_level));
        } else if kind.is_file() {
            let size = entry.metadata().map_or(0, |data| data.len());
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => return true,
            }
        }
    }
    false
}

fn open_level(dir: Dir) -> Option<(Dir, ReadDir)> {
    let entries = dir.entries().ok()?;
    Some((dir, entries))
}

/// Reads `MemAvailable` from `/proc/meminfo` (proc(5)), in bytes; `None` on other systems.
pub(crate) fn free_memory() -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a file of the kernel, not of the project")]
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
