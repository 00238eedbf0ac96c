//! The checks of docker.

use serde_json::Value;

use super::{Diagnosis, check_version};
use crate::engine::{Engine, EngineChoice, choose, installed, query};

const ABOUT: &str = "docker";

/// Returns whether docker can be used.
pub(super) fn check(diagnosis: &mut Diagnosis) -> bool {
    if !installed("docker") {
        diagnosis.good(ABOUT, "not installed");
        return false;
    }
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
