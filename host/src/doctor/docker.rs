//! docker, and what is known of its versions and kinds.

use serde_json::Value;

use super::{Diagnosis, older};
use crate::engine::{ask, choose, installed};
use crate::value::EngineChoice;

const ABOUT: &str = "docker";

/// Looks at docker. Returns whether it can be used.
pub fn docker(found: &mut Diagnosis) -> bool {
    if !installed("docker") {
        found.good(ABOUT, "not installed");
        return false;
    }
    if let Err(error) = choose(EngineChoice::Docker) {
        let advice = "start its daemon, or leave it: podman and native need none";
        found.warn(ABOUT, error.message().trim_start_matches("docker is "), advice);
        return false;
    }
    let answer = ask("docker", &["info", "--format", "{{json .}}"]);
    let info = serde_json::from_str::<Value>(&answer.stdout).unwrap_or_default();
    let Some(version) = info["ServerVersion"].as_str().filter(|version| !version.is_empty()) else {
        let advice = "are you allowed to use it? `docker info` should say what is wrong";
        found.warn(ABOUT, format!("`docker info` fails: {}", answer.last()), advice);
        return false;
    };
    let options = info["SecurityOptions"].as_array().into_iter().flatten();
    let options: Vec<_> = options.filter_map(Value::as_str).collect();
    let has = |name: &str| options.iter().any(|option| option.split(',').any(|word| word == name));
    let whose = if has("name=rootless") { "rootless" } else { "as root" };
    let runtime = info["DefaultRuntime"].as_str().unwrap_or("unknown");
    found.good(ABOUT, format!("{version}, {whose}, runtime {runtime}"));
    if older(version, (20, 10)) {
        found.warn(ABOUT, "older than 20.10, the oldest that paude is tested with", "update it");
    }
    if info["OperatingSystem"].as_str().is_some_and(|name| name.contains("Docker Desktop")) {
        let said = "Docker Desktop runs containers in a virtual machine, which is known to lose \
                    mounts; paude then stops before anything runs";
        found.warn(ABOUT, said, "`paude verify` shows whether mounts are kept there");
    }
    if has("name=userns") {
        let said =
            "the daemon remaps user ids: what a container writes into a project is not yours";
        found.warn(ABOUT, said, "take podman, or turn userns-remap off");
    }
    true
}
