//! Settings and places of this machine.
#![expect(clippy::disallowed_methods, reason = "reads /proc and /sys, and counts the cache")]

use std::path::PathBuf;

use super::Diagnosis;
use crate::escape::shown_path;

/// The value of a setting of the kernel, if it has it.
pub(super) fn setting(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Whether SELinux guards files here.
pub fn selinux(found: &mut Diagnosis) {
    match setting("/sys/fs/selinux/enforce").as_deref() {
        Some("1") => found.good("SELinux", "enforcing; containers run without its labels"),
        Some(_) => found.good("SELinux", "permissive"),
        None => found.good("SELinux", "not in use"),
    }
}

/// What paude keeps of compiled policies, if it keeps any.
pub fn policy_cache(found: &mut Diagnosis) {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let Some(dir) = base.map(|base| base.join("paude/policies")) else { return };
    if !dir.is_dir() {
        return;
    }
    // Its layout is wasmtime's own.
    let (mut pending, mut files, mut bytes) = (vec![dir.clone()], 0, 0_u64);
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => pending.push(entry.path()),
                Ok(data) => {
                    files += 1;
                    bytes += data.len();
                }
                Err(_) => {}
            }
        }
    }
    let size = bytes.div_ceil(1 << 20);
    found.good("policy cache", format!("`{}`, {files} files, {size} MiB", shown_path(&dir)));
}
