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
    let Ok(entries) = std::fs::read_dir(&dir) else { return };
    let sizes: Vec<u64> = entries
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|data| data.len())
        .collect();
    let size = sizes.iter().sum::<u64>().div_ceil(1 << 20);
    let (dir, files) = (shown_path(&dir), sizes.len());
    found.good("policy cache", format!("`{dir}`, {files} files, {size} MiB"));
}
