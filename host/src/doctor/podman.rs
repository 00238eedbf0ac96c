//! The checks of podman.

use std::path::Path;

use serde_json::Value;

use super::machine::read_setting;
use super::{Diagnosis, check_version};
use crate::engine::{Engine, installed, is_podman_service_local, query};

const ABOUT: &str = "podman";

/// The kernel's version; a virtual machine rarely has the same one.
const OSRELEASE: &str = "/proc/sys/kernel/osrelease";

/// Returns whether podman can be used.
pub(super) fn check(diagnosis: &mut Diagnosis) -> bool {
    if !installed("podman") {
        diagnosis.good(ABOUT, "not installed");
        return false;
    }
    let output = query("podman", &["info", "--format", "json"]);
    let Ok(info) = serde_json::from_str::<Value>(&output.stdout) else {
        let advice = "fix it, or choose another engine: paude takes it because it is installed";
        diagnosis.warn(ABOUT, format!("`podman info` fails: {}", output.last_line()), advice);
        return false;
    };
    let host = &info["host"];
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let (version, runtime) = (text(&info["version"]["Version"]), text(&host["ociRuntime"]["name"]));
    let driver = text(&info["store"]["graphDriverName"]);
    let rootless = host["security"]["rootless"] == true;
    let privileges = if rootless { "rootless" } else { "as root" };
    diagnosis.good(ABOUT, format!("{version}, {privileges}, runtime {runtime}, storage {driver}"));
    check_version(diagnosis, Engine::Podman, &version);
    let kernel = host["kernel"].as_str();
    let is_here = kernel.is_none() || kernel == read_setting(OSRELEASE).as_deref();
    let is_remote = host["serviceIsRemote"] == true;
    if is_remote && is_here && is_podman_service_local() {
        diagnosis.good(ABOUT, "CONTAINER_HOST names a service on this machine");
    } else if is_remote {
        let message = "its containers run in a virtual machine or on another machine: a shadow \
                       that is lost while they run is noticed only if the image has `sleep`";
        diagnosis.warn(ABOUT, message, "`paude verify` shows whether mounts are kept there");
    }
    if driver == "vfs" {
        let message =
            "the storage driver vfs copies the whole image for every container: 3 to 10 s";
        diagnosis.warn(ABOUT, message, "set driver = \"overlay\" in storage.conf");
    }
    let hybrid = Path::new("/sys/fs/cgroup/unified").exists();
    if runtime == "crun" && host["cgroupVersion"] == "v1" && hybrid {
        let message = "crun does not support hybrid cgroups, which this machine has";
        diagnosis.warn(ABOUT, message, "set runtime = \"runc\" in containers.conf");
        return false;
    }
    if rootless {
        check_sub_ids(diagnosis, &host["idMappings"]["uidmap"]);
    }
    true
}

/// Without further user ids, a rootless podman cannot unpack images whose files have several
/// owners.
fn check_sub_ids(diagnosis: &mut Diagnosis, map: &Value) {
    let ranges = map.as_array().into_iter().flatten();
    let ids: u64 = ranges.filter_map(|range| range["size"].as_u64()).sum();
    if ids > 1 {
        return diagnosis.good("sub-ids", format!("{} further user ids", ids - 1));
    }
    let advice = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 YOU, then \
                  podman system migrate";
    diagnosis.warn("sub-ids", "/etc/subuid gives you none: most images cannot be unpacked", advice);
}
