//! What the clients of docker and podman would use, found without starting a client where
//! possible: that takes 20 to 50 ms.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::installation;
use super::kind::{PODMAN_COMPONENT, PODMAN_HEADER};
use super::query::{QueryOutput, query};
use super::socket::{is_served_by_root, request};

/// The socket that docker's client uses by default.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The state of the docker daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Daemon {
    /// No daemon answers.
    Silent,
    /// This user may not connect to it.
    Denied,
    /// The context that the client is set to does not exist.
    NoContext,
    /// The client is a wrapper around podman.
    PodmanWrapper,
    /// The client is connected to a podman service.
    PodmanService,
    /// It runs as root, or as an unknown user.
    Rootful,
    /// It runs as the user who runs paude, who is root in its containers.
    Rootless,
}

/// Finds out what answers the docker client, and as whom it runs.
#[expect(clippy::disallowed_methods, reason = "the docker client reads these variables and files")]
pub(super) fn probe_daemon() -> Daemon {
    if is_podman_wrapper() {
        return Daemon::PodmanWrapper;
    }
    let host = env::var("DOCKER_HOST").unwrap_or_default();
    let has_context = env::var_os("DOCKER_CONTEXT").is_some() || configures_context();
    match host.strip_prefix("unix://") {
        Some(path) => probe_socket(Path::new(path)),
        None if host.is_empty() && !has_context => probe_socket(Path::new(DEFAULT_SOCKET)),
        None => query_client(),
    }
}

/// Whether the program `docker` runs podman, as that of the package podman-docker does.
fn is_podman_wrapper() -> bool {
    let Some(file) = installation::find("docker") else { return false };
    // Most are neither a link to podman nor a script that names it, and need not be started.
    installation::mentions(&file, "podman")
        && query("docker", &["--version"]).stdout.starts_with("podman")
}

fn probe_socket(socket: &Path) -> Daemon {
    let headers = match request(socket, "/_ping") {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Daemon::Denied,
        Err(_) => return Daemon::Silent,
        Ok(response) => response.to_lowercase(),
    };
    if headers.contains(PODMAN_HEADER) {
        return Daemon::PodmanService;
    }
    if is_served_by_root(socket) {
        return Daemon::Rootful;
    }
    match request(socket, "/info").ok().and_then(|response| security_options(&response)) {
        Some(options) => privileges(&options),
        None => query_client(),
    }
}

/// The security options in a response to `/info`.
fn security_options(response: &str) -> Option<String> {
    let (_, body) = response.split_once("\r\n\r\n")?;
    let info: serde_json::Value = serde_json::from_str(body).ok()?;
    info["SecurityOptions"].is_array().then(|| info["SecurityOptions"].to_string())
}

fn privileges(security_options: &str) -> Daemon {
    match security_options.contains("name=rootless") {
        true => Daemon::Rootless,
        false => Daemon::Rootful,
    }
}

/// Whether the client's configuration file names another context than `default`.
#[expect(clippy::disallowed_methods, reason = "the docker client reads these variables and files")]
fn configures_context() -> bool {
    let dir = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let dir = dir.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".docker")));
    let Some(text) = dir.and_then(|dir| fs::read_to_string(dir.join("config.json")).ok()) else {
        return false;
    };
    let config: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    config["currentContext"].as_str().is_some_and(|name| name != "default")
}

/// Asks the client, which knows contexts and other machines.
fn query_client() -> Daemon {
    const FORMAT: &str = "{{json .SecurityOptions}} index=[{{.IndexServerAddress}}]\
                          {{range .ServerErrors}} error: {{.}}{{end}}";
    let output = query("docker", &["info", "--format", FORMAT]);
    if !output.ok || output.stdout.contains(" error: ") {
        return describe_failure(&output);
    }
    // Only docker has an index; what else answers is named by `version`, another 50 ms.
    if output.stdout.contains("index=[]") {
        let format = "{{range .Server.Components}}{{.Name}}, {{end}}";
        let components = query("docker", &["version", "--format", format]).stdout;
        if components.contains(PODMAN_COMPONENT) {
            return Daemon::PodmanService;
        }
    }
    privileges(&output.stdout)
}

fn describe_failure(output: &QueryOutput) -> Daemon {
    let text = format!("{} {}", output.stdout, output.stderr).to_lowercase();
    if text.contains("permission denied") {
        Daemon::Denied
    } else if text.contains("context") && text.contains("not found") {
        Daemon::NoContext
    } else {
        Daemon::Silent
    }
}

/// Whether root in podman's containers is the user who runs paude. Fails if podman has to be
/// asked and does not answer.
///
/// A podman on this machine runs as its user. A service may run as another one: the kernel knows
/// that of root's, any other is asked; that takes 50 ms.
pub(super) fn is_podman_rootless() -> Result<bool, QueryOutput> {
    if !may_use_service() {
        return Ok(!rustix::process::geteuid().is_root());
    }
    if podman_socket().is_some_and(|socket| is_served_by_root(&socket)) {
        return Ok(false);
    }
    let output = query("podman", &["info", "--format", "{{.Host.Security.Rootless}}"]);
    match output.ok {
        true => Ok(output.stdout == "true"),
        false => Err(output),
    }
}

/// Whether podman may be set to use a service, as by the variables and files that it reads.
#[expect(clippy::disallowed_methods, reason = "the podman client reads these variables and files")]
fn may_use_service() -> bool {
    let is_set = |name| env::var_os(name).is_some();
    if !cfg!(target_os = "linux") || is_set("CONTAINER_HOST") || is_set("CONTAINER_CONNECTION") {
        return true;
    }
    let own = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let own = own.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".config")));
    let named = ["CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE"].map(env::var_os);
    let mut files: Vec<PathBuf> = named.into_iter().flatten().map(PathBuf::from).collect();
    let dirs = [Some("/usr/share/containers".into()), Some("/etc/containers".into())];
    for dir in dirs.into_iter().chain([own.map(|dir| dir.join("containers"))]).flatten() {
        files.push(dir.join("containers.conf"));
        let drop_ins = fs::read_dir(dir.join("containers.conf.d")).into_iter().flatten();
        files.extend(drop_ins.flatten().map(|entry| entry.path()));
    }
    files.into_iter().any(|file| fs::read_to_string(file).is_ok_and(|text| sets_remote(&text)))
}

/// Whether a containers.conf has podman use a service: `remote = true` in its table `engine`.
fn sets_remote(text: &str) -> bool {
    text.lines().any(|line| {
        let pair = line.split('#').next().unwrap_or_default().split_once('=');
        pair.is_some_and(|(key, value)| key.trim() == "remote" && value.trim() == "true")
    })
}

/// Whether podman is set to use a service by a socket of this machine.
pub(crate) fn is_podman_service_local() -> bool {
    podman_socket().is_some()
}

/// The socket that podman is set to use by nothing but `CONTAINER_HOST`.
#[expect(clippy::disallowed_methods, reason = "the podman client reads these variables")]
fn podman_socket() -> Option<PathBuf> {
    if env::var_os("CONTAINER_CONNECTION").is_some() {
        return None;
    }
    env::var("CONTAINER_HOST").ok()?.strip_prefix("unix://").map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_does_not_make_podman_remote() {
        assert!(sets_remote("[engine]\n  remote=true # always\n"));
        assert!(!sets_remote("[engine]\n#remote = true\nremote = false\nremote_uri = true\n"));
    }

    #[test]
    fn the_failure_of_a_client_is_told_apart_by_its_message() {
        let expected = [
            (
                "Got permission denied while trying to connect to the Docker daemon socket at \
                 unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.24/info\"",
                Daemon::Denied,
            ),
            (
                "permission denied while trying to connect to the Docker daemon socket at \
                 unix:///run/d.sock: dial unix /run/d.sock: connect: permission denied",
                Daemon::Denied,
            ),
            (
                "Current context \"nope\" is not found on the file system, please check your \
                 config file at /root/.docker/config.json",
                Daemon::NoContext,
            ),
            (
                "Failed to initialize: unable to resolve docker endpoint: context \"nope\": context \
                 not found: open /root/.docker/contexts/meta/ca37/meta.json: no such file or \
                 directory",
                Daemon::NoContext,
            ),
            (
                "Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon \
                 running?",
                Daemon::Silent,
            ),
        ];
        for (stderr, daemon) in expected {
            let output =
                QueryOutput { ok: false, stdout: String::new(), stderr: stderr.to_owned() };
            assert_eq!(describe_failure(&output), daemon, "{stderr}");
        }
    }

    #[test]
    fn the_security_options_are_read_from_a_response() {
        let response = |body: &str| format!("HTTP/1.0 200 OK\r\nServer: Docker\r\n\r\n{body}");
        let options =
            security_options(&response(r#"{"SecurityOptions":["name=seccomp","name=rootless"]}"#));
        assert_eq!(privileges(&options.unwrap()), Daemon::Rootless);
        let options = security_options(&response(r#"{"SecurityOptions":["name=seccomp"]}"#));
        assert_eq!(privileges(&options.unwrap()), Daemon::Rootful);
        for body in ["", "{}", "{\"message\":\"no\"}", "nonsense"] {
            assert_eq!(security_options(&response(body)), None);
        }
    }
}
