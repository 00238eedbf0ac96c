//! docker: the running daemon, else one that is started for the tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::lane::Lane;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, report, run_captured, succeeds, which};

const TIMEOUT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// A daemon for the tests. The process that started it stops it, after all others have released the shared lock.
pub(crate) struct DockerDaemon {
    child: Option<Child>,
    users: File,
}

/// Finds or starts a daemon; it runs until the second value is dropped.
pub(crate) fn prepare(checkout: &Checkout, mut lane: Lane) -> Result<(Lane, Option<DockerDaemon>)> {
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
    let users = File::create(checkout.setup_path("docker.users"))?;
    users.lock_shared()?;
    let mut daemon = DockerDaemon { child: None, users };
    if !is_running(&lane) {
        daemon.start(checkout, &lane, &run)?;
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

impl DockerDaemon {
    /// Starts a daemon without a network that writes only to directories of this checkout. `setpriv` makes the kernel
    /// stop it if this process is killed.
    fn start(&mut self, checkout: &Checkout, lane: &Lane, run: &Path) -> Result<()> {
        let began = Instant::now();
        let log = checkout.setup_path("dockerd.log");
        let output = File::create(&log)?;
        let config = run.join("daemon.json");
        files::write(&config, "{}\n")?;
        let flag = |name: &str, value: PathBuf| format!("--{name}={}", value.display());
        let _ = fs::remove_file(run.join("docker.pid"));
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "dockerd"]);
        command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
        command.args([
            flag("config-file", config),
            flag("data-root", checkout.setup_path("docker")),
            flag("exec-root", run.join("exec")),
            flag("pidfile", run.join("docker.pid")),
            format!("--host={}", lane.env["DOCKER_HOST"]),
        ]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = self.child.insert(command.spawn().context("cannot start dockerd")?);
        loop {
            if is_running(lane) {
                let took = began.elapsed().as_secs_f32();
                report(format!("started a docker daemon for the tests in {took:.1} s"));
                return Ok(());
            }
            if child.try_wait()?.is_some() || began.elapsed() > TIMEOUT {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!(
                    "dockerd does not start: {}",
                    log.lines().last().unwrap_or("its log is empty")
                );
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for DockerDaemon {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let _ = self.users.unlock();
        if self.users.try_lock().is_err() {
            report("another `cargo xtask` is using the docker daemon; waiting for it");
            let _ = self.users.lock();
        }
        let _ = run_captured(Command::new("kill").args(["-TERM", &child.id().to_string()]));
        let began = Instant::now();
        while began.elapsed() < TIMEOUT / 2 {
            match child.try_wait() {
                Ok(None) => sleep(PAUSE),
                _ => return report("stopped the docker daemon"),
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        report("killed the docker daemon, which did not stop when asked to");
    }
}
