//! The built-in engine, and the settings of the kernel that it needs.

use std::path::Path;

use super::Diagnosis;
use super::machine::setting;
use crate::engine::try_native;

const ABOUT: &str = "native";

/// Tries the built-in engine in this directory, and says which setting may be in its
/// way. Returns whether it can be used.
pub fn native(found: &mut Diagnosis, workspace: &Path) -> bool {
    if !cfg!(target_os = "linux") {
        found.good(ABOUT, "not for this system: it is made of Linux namespaces");
        return false;
    }
    let works = try_native(workspace);
    match &works {
        Ok(()) => found.good(ABOUT, "works"),
        Err(error) => found.warn(ABOUT, error.message(), &error.hints().join("; ")),
    }
    let root = rustix::process::geteuid().is_root();
    kernel(found);
    match setting("/proc/sys/user/max_user_namespaces").as_deref() {
        Some("0") => {
            let advice = "sysctl user.max_user_namespaces=15000";
            found.warn("user namespaces", "this kernel allows none", advice);
        }
        Some(most) => found.good("user namespaces", format!("up to {most}")),
        None => {}
    }
    if setting("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") && !root {
        let advice = "sysctl kernel.unprivileged_userns_clone=1";
        found.warn("user namespaces", "this kernel keeps them for root", advice);
    }
    if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        let advice = "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor \
                      profile with `userns,` for paude";
        match works.is_ok() {
            true => found.good("apparmor", "restricts user namespaces, but not for paude"),
            false => found.warn("apparmor", "keeps user namespaces from paude", advice),
        }
    }
    if setting("/proc/sys/dev/tty/legacy_tiocsti").as_deref() == Some("1") {
        let said = "with native, a command can type into your terminal";
        found.warn("terminal", said, "sysctl dev.tty.legacy_tiocsti=0");
    }
    works.is_ok()
}

fn kernel(found: &mut Diagnosis) {
    let Some(release) = setting("/proc/sys/kernel/osrelease") else { return };
    match super::older(&release, (5, 12)) {
        true => found.warn("kernel", format!("{release}: native needs 5.12"), "take podman"),
        false => found.good("kernel", release),
    }
}
