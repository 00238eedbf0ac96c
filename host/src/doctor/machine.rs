//! The checks of this machine.
#![expect(clippy::disallowed_methods, reason = "reads /proc and /sys")]

use std::path::Path;

use super::Diagnosis;
use crate::error::Error;
use crate::escape::shown_path;

/// The value of a kernel setting; `None` if this kernel does not have it.
pub(super) fn read_setting(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// Adds whether SELinux is enforcing.
pub(crate) fn check_selinux(diagnosis: &mut Diagnosis) {
    match read_setting("/sys/fs/selinux/enforce").as_deref() {
        Some("1") => diagnosis.good("SELinux", "enforcing; containers run without its labels"),
        Some(_) => diagnosis.good("SELinux", "permissive"),
        None => diagnosis.good("SELinux", "not in use"),
    }
}

/// Adds the size of the policy cache; the sizes of its entries are in bytes. If the cache is not
/// used, warns about the reason.
pub(crate) fn add_policy_cache(
    diagnosis: &mut Diagnosis,
    dir: &Path,
    entries: &[u64],
    unused: Option<&Error>,
) {
    let mib = entries.iter().sum::<u64>().div_ceil(1 << 20);
    let dir = shown_path(dir);
    let policies = match entries.len() {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    match unused {
        None => diagnosis.good("policy cache", format!("`{dir}`, {policies}, {mib} MiB")),
        Some(error) => {
            let message = format!("`{dir}` is not used: {}", error.message());
            diagnosis.warn("policy cache", message, &error.hints().join("; "));
        }
    }
}
