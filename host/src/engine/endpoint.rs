//! Which docker daemon the client will talk to, as far as it can be told without
//! starting the client (20 to 50 ms).

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::patience;

/// What answers to the docker client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Daemon {
    /// Nothing.
    Silent,
    /// One that runs as root, or whose user is not known.
    Rootful,
    /// One that runs as the person, who is root in its containers.
    Rootless,
}

/// Looks whether a daemon answers.
#[expect(clippy::disallowed_methods, reason = "the docker client reads these variables and files")]
pub(super) fn daemon() -> Daemon {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let own_context = std::env::var_os("DOCKER_CONTEXT").is_some() || has_context();
    let socket = match host.strip_prefix("unix://") {
        Some(path) => PathBuf::from(path),
        None if host.is_empty() && !own_context => PathBuf::from("/var/run/docker.sock"),
        None => return ask_client(),
    };
    match answers(&socket) {
        Err(_) => Daemon::Silent,
        Ok(_) if is_in_runtime_dir(&socket) => Daemon::Rootless,
        Ok(_) => Daemon::Rootful,
    }
}

/// Whether the client's configuration names a context of its own.
#[expect(clippy::disallowed_methods, reason = "the docker client reads these variables and files")]
fn has_context() -> bool {
    let dir = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let dir = dir.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")));
    let Some(text) = dir.and_then(|dir| std::fs::read_to_string(dir.join("config.json")).ok())
    else {
        return false;
    };
    let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    config["currentContext"].as_str().is_some_and(|name| name != "default")
}

/// Rootless daemons listen below the person's runtime directory.
#[expect(clippy::disallowed_methods, reason = "the runtime directory is known by its variable")]
fn is_in_runtime_dir(socket: &Path) -> bool {
    let own = std::env::var_os("XDG_RUNTIME_DIR")
        .is_some_and(|dir| !dir.is_empty() && socket.starts_with(dir));
    own || socket.starts_with("/run/user")
}

fn ask_client() -> Daemon {
    let args = ["info", "--format", "{{json .SecurityOptions}}"];
    match patience::words("docker", &args, ".", patience::ANSWER) {
        Ok((true, said)) if said.contains("name=rootless") => Daemon::Rootless,
        Ok((true, _)) => Daemon::Rootful,
        Ok((false, _)) | Err(_) => Daemon::Silent,
    }
}

/// A hung daemon takes connections, and says nothing.
fn answers(socket: &Path) -> std::io::Result<()> {
    let mut daemon = UnixStream::connect(socket)?;
    daemon.set_read_timeout(Some(patience::ANSWER))?;
    daemon.set_write_timeout(Some(patience::ANSWER))?;
    daemon.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
    daemon.read_exact(&mut [0])
}
