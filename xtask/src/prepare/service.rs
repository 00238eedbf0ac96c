//! A daemon or service that is started for the tests, and the podman service of the lane `podman-remote`.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::lane::Lane;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured, succeeds};

const TIMEOUT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// A running service. The process that started it stops it, after all others have released the shared lock.
pub(crate) struct Service {
    /// What messages call it.
    title: &'static str,
    child: Option<Child>,
    users: File,
    log: PathBuf,
}

impl Service {
    /// Registers this process as one that uses the service of that name. It runs until all of them have dropped this.
    pub(crate) fn register(checkout: &Checkout, name: &str, title: &'static str) -> Result<Self> {
        let users = File::create(checkout.setup_path(&format!("{name}.users")))?;
        users.lock_shared()?;
        let log = checkout.setup_path(&format!("{name}.log"));
        Ok(Self { title, child: None, users, log })
    }

    /// Starts the service as the lane's user, and waits until it answers. `setpriv` makes the kernel stop it if this process is killed.
    pub(crate) fn start(
        &mut self,
        program: &str,
        args: &[String],
        lane: &Lane,
        answers: impl Fn() -> bool,
    ) -> Result<()> {
        let began = Instant::now();
        let output = File::create(&self.log)?;
        let mut command = lane.command("setpriv");
        // Under `nohup`, some containers of docker would ignore SIGHUP from the start, as nothing resets it.
        command.args(["--pdeathsig", "TERM", "env", "--default-signal=HUP", program]).args(args);
        command.env_remove("CONTAINER_HOST").process_group(0);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let start = || format!("cannot start {program}");
        let child = self.child.insert(command.spawn().with_context(start)?);
        loop {
            if answers() {
                let took = began.elapsed().as_secs_f32();
                report(format!("started {} for the tests in {took:.1} s", self.title));
                return Ok(());
            }
            if child.try_wait()?.is_some() || began.elapsed() > TIMEOUT {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let last = log.lines().last().unwrap_or("its log is empty");
                bail!("{program} does not start: {last}");
            }
            sleep(PAUSE);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let (Some(mut child), title) = (self.child.take(), self.title) else {
            return;
        };
        let _ = self.users.unlock();
        if self.users.try_lock().is_err() {
            report(format!("another `cargo xtask` is using {title}; waiting for it"));
            let _ = self.users.lock();
        }
        let _ = run_captured(Command::new("kill").args(["-TERM", &child.id().to_string()]));
        let began = Instant::now();
        while began.elapsed() < TIMEOUT / 2 {
            match child.try_wait() {
                Ok(None) => sleep(PAUSE),
                _ => return report(format!("stopped {title}")),
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        report(format!("killed {title}, which did not stop when asked to"));
    }
}

/// Makes podman of the lane the client of a service that runs as the same user, with the same storage.
pub(crate) fn prepare_remote(checkout: &Checkout, mut lane: Lane) -> Result<(Lane, Service)> {
    let run = checkout.runtime_dir()?.join("podman-service");
    files::create_dir(&run)?;
    let socket = socket_address(&run);
    lane.env.insert("CONTAINER_HOST", socket.clone());
    let mut service = Service::register(checkout, "podman-service", "a podman service")?;
    let answers =
        || succeeds(lane.engine_command().args(["version", "--format", "{{.Server.Version}}"]));
    if !answers() {
        let args = ["system", "service", "--time", "0", &socket].map(str::to_owned);
        service.start("podman", &args, &lane, answers)?;
    }
    Ok((lane, service))
}

fn socket_address(run: &Path) -> String {
    format!("unix://{}", run.join("podman.sock").display())
}
