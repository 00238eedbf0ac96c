//! docker: the daemon that answers, else one of our own for as long as the tests run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::lanes::Lane;
use crate::place::{self, Place};
use crate::process::{self, quietly, say, succeeds, which};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// A daemon that we use. The one who started it stops it, after all others have let go of the shared lock.
pub(crate) struct Daemon {
    child: Option<Child>,
    users: File,
}

/// The lane, and our own daemon where one was needed.
pub(crate) fn lane(place: &Place, mut lane: Lane) -> Result<(Lane, Option<Daemon>)> {
    if which("docker").is_none() {
        bail!("docker is not installed");
    }
    if answers(&lane) {
        return Ok((lane, None));
    }
    if !process::is_root() || which("dockerd").is_none() {
        bail!("no docker daemon answers");
    }
    let run = place.runtime()?.join("docker");
    place::make_dir(&run)?;
    lane.env.insert("DOCKER_HOST", format!("unix://{}", run.join("docker.sock").display()));
    let users = File::create(place.at("docker.users"))?;
    users.lock_shared()?;
    let mut daemon = Daemon { child: None, users };
    if !answers(&lane) {
        daemon.start(place, &lane, &run)?;
    }
    Ok((lane, Some(daemon)))
}

fn answers(lane: &Lane) -> bool {
    succeeds(lane.command().args(["info", "--format", "{{.ServerVersion}}"]))
}

impl Daemon {
    /// No network of its own, and everything it writes in places of ours. `setpriv` lets it end with us, however we end.
    fn start(&mut self, place: &Place, lane: &Lane, run: &Path) -> Result<()> {
        let began = Instant::now();
        let log = place.at("dockerd.log");
        let output = File::create(&log)?;
        let config = run.join("daemon.json");
        place::write(&config, "{}\n")?;
        let flag = |name: &str, value: PathBuf| format!("--{name}={}", value.display());
        let _ = fs::remove_file(run.join("docker.pid"));
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "dockerd"]);
        command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
        command.args([
            flag("config-file", config),
            flag("data-root", place.at("docker")),
            flag("exec-root", run.join("exec")),
            flag("pidfile", run.join("docker.pid")),
            format!("--host={}", lane.env["DOCKER_HOST"]),
        ]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = self.child.insert(command.spawn().context("cannot start dockerd")?);
        loop {
            if answers(lane) {
                say(format!(
                    "started a docker daemon for the tests in {:.1} s",
                    began.elapsed().as_secs_f32()
                ));
                return Ok(());
            }
            if child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let said = fs::read_to_string(&log).unwrap_or_default();
                bail!(
                    "dockerd does not start: {}",
                    said.lines().last().unwrap_or("it said nothing")
                );
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let _ = self.users.unlock();
        if self.users.try_lock().is_err() {
            say("another `cargo xtask` still uses the docker daemon; waiting for it");
            let _ = self.users.lock();
        }
        let _ = quietly(Command::new("kill").args(["-TERM", &child.id().to_string()]));
        let began = Instant::now();
        while began.elapsed() < PATIENCE / 2 {
            match child.try_wait() {
                Ok(None) => sleep(PAUSE),
                _ => return say("stopped the docker daemon"),
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        say("the docker daemon would not stop, and was killed");
    }
}
