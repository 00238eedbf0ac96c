//! docker: the running daemon, else one that is started for the tests, and a rootless one of the tests' own user.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::lane::Lane;
use super::service::Service;
use super::test_user;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, run_captured, succeeds, which};

/// What docker's own `dockerd-rootless.sh` does in the namespaces of rootlesskit before it starts the daemon, whose
/// arguments follow: the links lead to the files of another daemon.
const IN_USER_NAMESPACE: &str =
    r#"rm -f /run/docker /run/containerd /run/xtables.lock; exec dockerd "$@""#;

/// Finds or starts a daemon; it runs until the second value is dropped.
pub(crate) fn prepare(checkout: &Checkout, mut lane: Lane) -> Result<(Lane, Option<Service>)> {
    if which("docker").is_none() {
        bail!("docker is not installed");
    }
    if is_running(&lane) {
        lane.env.insert("DOCKER_HOST", local_socket(&lane)?);
        return Ok((lane, None));
    }
    if !process::is_root() || which("dockerd").is_none() {
        bail!("no docker daemon is running");
    }
    let run = checkout.runtime_dir()?.join("docker");
    files::create_dir(&run)?;
    lane.env.insert("DOCKER_HOST", format!("unix://{}", run.join("docker.sock").display()));
    let mut daemon = Service::register(checkout, "docker", "a docker daemon")?;
    if !is_running(&lane) {
        start(checkout, &mut daemon, &lane, &run)?;
    }
    Ok((lane, Some(daemon)))
}

/// The address of the daemon that runs already. The tests need it as a variable because their own home directory has no
/// docker context, and because one of them connects as another user.
fn local_socket(lane: &Lane) -> Result<String> {
    let format = "{{.Endpoints.docker.Host}}";
    let mut inspect = lane.engine_command();
    let address = run_captured(inspect.args(["context", "inspect", "--format", format]))?;
    if !address.starts_with("unix://") {
        bail!("the docker daemon at {address} is not on this machine");
    }
    Ok(address)
}

/// Not `docker info`, which succeeds in version 26 if there is no daemon.
fn is_running(lane: &Lane) -> bool {
    succeeds(lane.engine_command().args(["version", "--format", "{{.Server.Version}}"]))
}

/// Starts a daemon as the lane's user; it runs until the second value is dropped.
pub(crate) fn prepare_rootless(checkout: &Checkout, mut lane: Lane) -> Result<(Lane, Service)> {
    if checkout.is_box() {
        bail!(
            "rootless docker 28 crashes in the network of its machine, and another needs devices"
        );
    }
    for program in ["docker", "dockerd", "rootlesskit", "newuidmap"] {
        if which(program).is_none() {
            bail!("rootless docker needs {program}, which is not installed");
        }
    }
    let run = checkout.runtime_dir()?.join("docker-rootless");
    files::create_dir(&run)?;
    test_user::give(&lane, &run)?;
    lane.env.insert("XDG_RUNTIME_DIR", run.display().to_string());
    lane.env.insert("DOCKER_HOST", format!("unix://{}", run.join("docker.sock").display()));
    let mut daemon = Service::register(checkout, "docker-rootless", "a rootless docker daemon")?;
    if !is_running(&lane) {
        let data = test_user::cache_dir(checkout, &lane)?.join("docker");
        let state_dir = format!("--state-dir={}", run.join("rootlesskit").display());
        let mut args = vec![state_dir, "--net=host".to_owned()];
        args.extend(
            ["--copy-up=/etc", "--copy-up=/run", "sh", "-c", IN_USER_NAMESPACE, "sh"]
                .map(String::from),
        );
        args.extend(daemon_args(&data, &lane, &run, false)?);
        daemon.start("rootlesskit", &args, &lane, || is_running(&lane))?;
    }
    Ok((lane, daemon))
}

/// Starts a daemon that writes only to directories of this checkout.
fn start(checkout: &Checkout, daemon: &mut Service, lane: &Lane, run: &Path) -> Result<()> {
    let args = daemon_args(&checkout.setup_path("docker"), lane, run, checkout.is_box())?;
    daemon.start("dockerd", &args, lane, || is_running(lane))
}

/// The arguments of a daemon that keeps its images in `data`, and all else in `run`. Without a network namespace of its
/// own it must not create a bridge; with one it has to, as BuildKit does not work without.
fn daemon_args(data: &Path, lane: &Lane, run: &Path, has_own_network: bool) -> Result<Vec<String>> {
    let config = run.join("daemon.json");
    files::write(&config, "{}\n")?;
    let flag = |name: &str, value: PathBuf| format!("--{name}={}", value.display());
    let _ = fs::remove_file(run.join("docker.pid"));
    let bridge = (!has_own_network).then(|| "--bridge=none".to_owned());
    let args = [
        "--iptables=false".to_owned(),
        "--ip6tables=false".to_owned(),
        flag("config-file", config),
        flag("data-root", data.to_owned()),
        flag("exec-root", run.join("exec")),
        flag("pidfile", run.join("docker.pid")),
        format!("--host={}", lane.env["DOCKER_HOST"]),
    ];
    Ok(args.into_iter().chain(bridge).collect())
}
