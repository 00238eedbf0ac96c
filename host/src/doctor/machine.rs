//! Settings and places of this machine.
#![expect(clippy::disallowed_methods, reason = "reads /proc and /sys")]

use std::path::Path;

use super::Diagnosis;
use crate::error::Error;
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

/// What paude keeps of compiled policies, and why that is not used if it is not.
pub fn policy_cache(found: &mut Diagnosis, dir: &Path, entries: &[u64], unused: Option<&Error>) {
    let size = entries.iter().sum::<u64>().div_ceil(1 << 20);
    let (dir, entries) = (shown_path(dir), entries.len());
    let policies = match entries {
        1 => "1 policy".to_owned(),
        _ => format!("{entries} policies"),
    };
    match unused {
        None => found.good("policy cache", format!("`{dir}`, {policies}, {size} MiB")),
        Some(error) => {
            let what = format!("`{dir}` is not used: {}", error.message());
            found.warn("policy cache", what, &error.hints().join("; "));
        }
    }
}
