//! The checks of the engines with a client; a new engine adds a function in [`check`].

use std::path::Path;

use serde_json::Value;

use super::machine::read_setting;
use super::{Diagnosis, check_version};
use crate::engine::{
    Client, Engine, EngineChoice, choose, installed, is_podman_service_local, query,
};

/// The kernel's version; a virtual machine rarely has the same one.
const OSRELEASE: &str = "/proc/sys/kernel/osrelease";

/// Returns whether an engine with this client can be used.
pub(super) fn check(diagnosis: &mut Diagnosis, engine: Engine, client: &Client) -> bool {
    if !installed(client.program) {
        diagnosis.good(client.program, "not installed");
        return false;
    }
    match engine {
        Engine::Podman => check_podman(diagnosis),
        Engine::Docker => check_docker(diagnosis),
        Engine::Native => false, // it has no client
    }
}

fn check_docker(diagnosis: &mut Diagnosis) -> bool {
    const ABOUT: &str = "docker";
    if let Err(error) = choose(EngineChoice::Named(Engine::Docker)) {
        let advice = error.hints().join("; ");
        diagnosis.warn(ABOUT, error.message().trim_start_matches("docker is "), &advice);
        return false;
    }
    let output = query("docker", &["info", "--format", "{{json .}}"]);
    let info = serde_json::from_str::<Value>(&output.stdout).unwrap_or_default();
    let Some(version) = info["ServerVersion"].as_str().filter(|version| !version.is_empty()) else {
        let advice = "run `docker info`, which shows why; you may lack the permission to use it";
        diagnosis.warn(ABOUT, format!("`docker info` fails: {}", output.last_line()), advice);
        return false;
    };
    let options = info["SecurityOptions"].as_array().into_iter().flatten();
    let options: Vec<_> = options.filter_map(Value::as_str).collect();
    let has = |name: &str| options.iter().any(|option| option.split(',').any(|part| part == name));
    let privileges = if has("name=rootless") { "rootless" } else { "as root" };
    let runtime = info["DefaultRuntime"].as_str().unwrap_or("unknown");
    diagnosis.good(ABOUT, format!("{version}, {privileges}, runtime {runtime}"));
    check_version(diagnosis, Engine::Docker, version);
    if info["OperatingSystem"].as_str().is_some_and(|name| name.contains("Docker Desktop")) {
        let message = "Docker Desktop runs containers in a virtual machine, which is known to \
                       lose mounts; paude then stops before anything runs";
        diagnosis.warn(ABOUT, message, "`paude verify` shows whether mounts are kept there");
    }
    if has("name=userns") {
        let message =
            "the daemon remaps user ids: what a container writes into a project is not yours";
        diagnosis.warn(ABOUT, message, "use podman, or turn userns-remap off");
    }
    true
}

fn check_podman(diagnosis: &mut Diagnosis) -> bool {
    const ABOUT: &str = "podman";
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
