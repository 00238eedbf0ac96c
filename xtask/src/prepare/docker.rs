//! docker: the running daemon, else one that is started for the tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::lane::Lane;
use super::service::Service;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, run_captured, succeeds, which};

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

/// Starts a daemon without a network that writes only to directories of this checkout.
fn start(checkout: &Checkout, daemon: &mut Service, lane: &Lane, run: &Path) -> Result<()> {
    let config = run.join("daemon.json");
    files::write(&config, "{}\n")?;
    let flag = |name: &str, value: PathBuf| format!("--{name}={}", value.display());
    let _ = fs::remove_file(run.join("docker.pid"));
    let args = [
        "--iptables=false".to_owned(),
        "--ip6tables=false".to_owned(),
        "--bridge=none".to_owned(),
        flag("config-file", config),
        flag("data-root", checkout.setup_path("docker")),
        flag("exec-root", run.join("exec")),
        flag("pidfile", run.join("docker.pid")),
        format!("--host={}", lane.env["DOCKER_HOST"]),
    ];
    daemon.start("dockerd", &args, lane, || is_running(lane))
}
