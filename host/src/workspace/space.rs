//! How much room environments take, and how much there is.

use std::sync::mpsc::{self, Receiver};

use cap_fs_ext::DirExt as _;
use cap_std::fs::{Dir, ReadDir};

use super::Workspace;
use crate::path::RelPath;

impl Workspace {
    /// Looks for the first of some directories whose files have more bytes than this, on a
    /// thread of its own: it may have to read all of them, and follows no link. Where that
    /// cannot be done, none is found.
    pub fn find_larger(&self, paths: Vec<RelPath>, bytes: u64) -> Receiver<RelPath> {
        let (found, when_found) = mpsc::channel();
        if let Ok(root) = self.dir.try_clone() {
            let _ = std::thread::Builder::new().spawn(move || {
                let is_larger = |path: &RelPath| {
                    let dir = root.open_dir_nofollow(path.as_path());
                    dir.is_ok_and(|dir| is_larger(dir, bytes))
                };
                paths.into_iter().find(is_larger).map(|path| found.send(path))
            });
        }
        when_found
    }
}

/// Reads no further than it has to.
fn is_larger(dir: Dir, bytes: u64) -> bool {
    let (mut room, mut levels) = (bytes, Vec::from_iter(level(dir)));
    while let Some((dir, entries)) = levels.last_mut() {
        let Some(entry) = entries.next() else {
            levels.pop();
            continue;
        };
        let Ok(entry) = entry else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let inner = dir.open_dir_nofollow(entry.file_name());
            levels.extend(inner.ok().and_then(level));
        } else if kind.is_file() {
            let size = entry.metadata().map_or(0, |data| data.len());
            match room.checked_sub(size) {
                Some(left) => room = left,
                None => return true,
            }
        }
    }
    false
}

fn level(dir: Dir) -> Option<(Dir, ReadDir)> {
    let entries = dir.entries().ok()?;
    Some((dir, entries))
}

/// How many bytes of memory programs may still take, where the system tells.
pub fn free_memory() -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the kernel's own file")]
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
