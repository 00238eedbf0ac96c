//! How much room an environment takes, and how much there is.

use cap_std::fs::Dir;

use super::Workspace;
use crate::path::RelPath;

impl Workspace {
    /// Whether the files in a directory have more bytes than this. Looks no further than
    /// it has to, and follows no link.
    pub fn is_larger(&self, path: &RelPath, bytes: u64) -> bool {
        let (mut room, mut dirs) = (bytes, Vec::from_iter(self.open_dir(path)));
        while let Some(dir) = dirs.pop() {
            for entry in dir.entries().into_iter().flatten().flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    dirs.extend(open(&dir, &entry.file_name()));
                } else if kind.is_file() {
                    let size = entry.metadata().map_or(0, |data| data.len());
                    match room.checked_sub(size) {
                        Some(left) => room = left,
                        None => return true,
                    }
                }
            }
        }
        false
    }
}

fn open(dir: &Dir, name: &std::ffi::OsStr) -> Option<Dir> {
    use cap_fs_ext::DirExt as _;
    dir.open_dir_nofollow(name).ok()
}

/// How many bytes of memory programs may still take, where the system tells.
pub fn free_memory() -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the kernel's own file")]
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}
