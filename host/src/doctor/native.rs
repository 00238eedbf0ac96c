//! The checks of the built-in engine, and of the kernel settings that it needs.

use std::path::Path;

use super::Diagnosis;
use super::machine::read_setting;
use crate::execute::try_native;

const ABOUT: &str = "native";

/// The oldest kernel with the mount calls that the engine makes, mount_setattr(2) among them.
const MINIMUM_KERNEL: (u32, u32) = (5, 12);

/// Starts the built-in engine in this directory, and shows which settings may prevent that.
/// Returns whether it can be used.
pub(super) fn check(diagnosis: &mut Diagnosis, workspace: &Path) -> bool {
    if !cfg!(target_os = "linux") {
        diagnosis.good(ABOUT, "not for this system: it needs Linux namespaces");
        return false;
    }
    let result = try_native(workspace);
    match &result {
        Ok(()) => diagnosis.good(ABOUT, "works"),
        Err(error) => diagnosis.warn(ABOUT, error.message(), &error.hints().join("; ")),
    }
    check_kernel(diagnosis);
    check_user_namespaces(diagnosis, result.is_ok());
    if read_setting("/proc/sys/dev/tty/legacy_tiocsti").as_deref() == Some("1") {
        let message = "with native, a command can type into your terminal";
        diagnosis.warn("terminal", message, "sysctl dev.tty.legacy_tiocsti=0");
    }
    result.is_ok()
}

fn check_kernel(diagnosis: &mut Diagnosis) {
    let Some(release) = read_setting("/proc/sys/kernel/osrelease") else { return };
    let (major, minor) = MINIMUM_KERNEL;
    match super::is_older(&release, MINIMUM_KERNEL) {
        true => {
            let message = format!("{release}: native needs {major}.{minor}");
            diagnosis.warn("kernel", message, "use podman");
        }
        false => diagnosis.good("kernel", release),
    }
}

/// Checks the settings that restrict user namespaces, which namespaces(7) and AppArmor have.
fn check_user_namespaces(diagnosis: &mut Diagnosis, works: bool) {
    const ABOUT: &str = "user namespaces";
    match read_setting("/proc/sys/user/max_user_namespaces").as_deref() {
        Some("0") => {
            let advice = "sysctl user.max_user_namespaces=15000";
            diagnosis.warn(ABOUT, "this kernel allows none", advice);
        }
        Some(maximum) => diagnosis.good(ABOUT, format!("up to {maximum}")),
        None => {}
    }
    let is_root = rustix::process::geteuid().is_root();
    let unprivileged = read_setting("/proc/sys/kernel/unprivileged_userns_clone");
    if unprivileged.as_deref() == Some("0") && !is_root {
        let advice = "sysctl kernel.unprivileged_userns_clone=1";
        diagnosis.warn(ABOUT, "this kernel allows them to root only", advice);
    }
    let apparmor = read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    if apparmor.as_deref() == Some("1") {
        let advice = "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor \
                      profile with `userns,` for paude";
        match works {
            true => diagnosis.good("apparmor", "restricts user namespaces, but not for paude"),
            false => diagnosis.warn("apparmor", "denies paude user namespaces", advice),
        }
    }
}
