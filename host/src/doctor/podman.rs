//! podman, and what is known of its versions and parts.

use serde_json::Value;

use super::{Diagnosis, older};
use crate::engine::{ask, installed};

const ABOUT: &str = "podman";

/// Looks at podman. Returns whether it can be used.
pub fn podman(found: &mut Diagnosis) -> bool {
    if !installed("podman") {
        found.good(ABOUT, "not installed");
        return false;
    }
    let answer = ask("podman", &["info", "--format", "json"]);
    let Ok(info) = serde_json::from_str::<Value>(&answer.stdout) else {
        let advice = "mend it, or choose another engine: paude takes it because it is installed";
        found.warn(ABOUT, format!("`podman info` fails: {}", answer.last()), advice);
        return false;
    };
    let host = &info["host"];
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let (version, runtime) = (text(&info["version"]["Version"]), text(&host["ociRuntime"]["name"]));
    let driver = text(&info["store"]["graphDriverName"]);
    let rootless = host["security"]["rootless"] == true;
    let whose = if rootless { "rootless" } else { "as root" };
    found.good(ABOUT, format!("{version}, {whose}, runtime {runtime}, storage {driver}"));
    if older(&version, (4, 3)) {
        found.warn(ABOUT, "older than 4.3, the oldest that paude is tested with", "update it");
    }
    if host["serviceIsRemote"] == true {
        let said = "its containers run in a virtual machine or on another one: a shadow that is \
                    lost while they run is noticed only if the image has `sleep`";
        found.warn(ABOUT, said, "`paude verify` shows whether mounts are kept there");
    }
    if driver == "vfs" {
        let said = "the storage driver vfs copies the whole image for every container: 3 to 10 s";
        found.warn(ABOUT, said, "set driver = \"overlay\" in storage.conf");
    }
    let hybrid = std::path::Path::new("/sys/fs/cgroup/unified").exists();
    if runtime == "crun" && host["cgroupVersion"] == "v1" && hybrid {
        let said = "crun refuses machines with hybrid cgroups, and this is one";
        found.warn(ABOUT, said, "set runtime = \"runc\" in containers.conf");
    }
    if rootless {
        sub_ids(found, &host["idMappings"]["uidmap"]);
    }
    true
}

/// A rootless podman without further ids cannot unpack images with more than one owner.
fn sub_ids(found: &mut Diagnosis, map: &Value) {
    let more = map.as_array().into_iter().flatten();
    let more: u64 = more.filter_map(|range| range["size"].as_u64()).sum();
    if more > 1 {
        return found.good("sub-ids", format!("{} further user ids", more - 1));
    }
    let advice = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 YOU, then \
                  podman system migrate";
    found.warn("sub-ids", "/etc/subuid gives you none: most images cannot be unpacked", advice);
}
