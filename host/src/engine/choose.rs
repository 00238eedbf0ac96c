//! The choice of an engine, and of the user that its container runs as.

use super::endpoint::{self, Daemon};
use super::installation::installed;
use super::kind::{Engine, EngineChoice};
use crate::error::{Error, Result};
use crate::value::UserIds;

/// The user that the container runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// The one that the image names.
    Image,
    /// This user in the container, as `--user` takes it.
    Container(String),
    /// These ids, which a rootless podman maps to the user who runs paude.
    KeepId { uid: u32, gid: u32 },
}

/// An engine, and how its containers' users relate to the user who runs paude.
#[derive(Debug)]
pub struct ChosenEngine {
    pub(crate) engine: Engine,
    /// Why `auto` chose it; `None` if it was named.
    pub(crate) reason: Option<&'static str>,
    /// Whether root in its containers is the user who runs paude, and not the host's root.
    rootless: bool,
}

/// Returns the named engine if it can be used, or the first that can.
pub(crate) fn choose(choice: EngineChoice) -> Result<ChosenEngine> {
    let chosen = |engine, rootless| Ok(ChosenEngine { engine, reason: None, rootless });
    match choice {
        EngineChoice::Auto => choose_first(),
        EngineChoice::Named(Engine::Podman) if !installed("podman") => Err(not_installed("podman")),
        EngineChoice::Named(Engine::Podman) => chosen(Engine::Podman, is_podman_rootless()?),
        EngineChoice::Named(Engine::Docker) if !installed("docker") => Err(not_installed("docker")),
        EngineChoice::Named(Engine::Docker) => {
            let daemon = endpoint::probe_daemon();
            check_daemon(daemon)?;
            chosen(Engine::Docker, daemon == Daemon::Rootless)
        }
        EngineChoice::Named(Engine::Native) if !cfg!(target_os = "linux") => {
            Err(Error::failed("the native engine needs Linux").hint("install podman or docker"))
        }
        EngineChoice::Named(Engine::Native) => chosen(Engine::Native, false),
    }
}

/// Returns the first engine that can be used: podman, docker, native.
fn choose_first() -> Result<ChosenEngine> {
    let chosen =
        |engine, reason, rootless| Ok(ChosenEngine { engine, reason: Some(reason), rootless });
    if installed("podman") {
        return chosen(Engine::Podman, "it is installed", is_podman_rootless()?);
    }
    let mut reason = "neither podman nor docker is installed";
    if installed("docker") {
        reason = match endpoint::probe_daemon() {
            Daemon::Silent => "podman is not installed, and docker's daemon does not answer",
            Daemon::Denied => "podman is not installed, and docker's daemon denies you access",
            Daemon::NoContext => "podman is not installed, and docker's context does not exist",
            daemon => {
                check_daemon(daemon)?;
                let reason = "podman is not installed, and docker's daemon answers";
                return chosen(Engine::Docker, reason, daemon == Daemon::Rootless);
            }
        };
    }
    if cfg!(target_os = "linux") {
        return chosen(Engine::Native, reason, false);
    }
    Err(Error::failed(format!("no engine can run a container: {reason}"))
        .hint("install podman or docker"))
}

/// Fails unless a docker daemon answers.
///
/// What podman does for docker's client is not enough: its API drops the options of volumes, and
/// its tmpfs has a copy of the host's environment in it.
fn check_daemon(daemon: Daemon) -> Result<()> {
    let (message, hint) = match daemon {
        Daemon::Rootful | Daemon::Rootless => return Ok(()),
        Daemon::Silent => (
            "docker is installed, but its daemon does not answer",
            "start it, or choose another engine with --engine",
        ),
        Daemon::Denied => (
            "docker is installed, but its daemon denies you access",
            "join the group that owns its socket, often `docker`, or choose another engine with \
             --engine",
        ),
        Daemon::NoContext => (
            "docker is installed, but the context that it is set to does not exist",
            "`docker context ls` lists them, and DOCKER_CONTEXT and `docker context use` set one",
        ),
        Daemon::PodmanWrapper => ("docker is a wrapper around podman here", USE_PODMAN),
        Daemon::PodmanService => {
            ("docker is connected to a podman service, not to its daemon", USE_PODMAN)
        }
    };
    Err(Error::failed(message).hint(hint))
}

const USE_PODMAN: &str = "use --engine podman, for which podman has to be installed";

/// Whether root in podman's containers is the user who runs paude.
fn is_podman_rootless() -> Result<bool> {
    endpoint::is_podman_rootless().map_err(|output| {
        // The client prints names of hosts and files, and what a service returns.
        let reason = output.last_line().replace(char::is_control, " ");
        Error::failed(format!("podman's service cannot be queried: {reason}"))
            .hint("`podman info` shows why; CONTAINER_HOST and containers.conf set the service")
    })
}

/// Returns the engine to display a command for; a named one need not be installed.
pub(crate) fn choose_for_display(choice: EngineChoice) -> Result<ChosenEngine> {
    match choice {
        EngineChoice::Named(engine) => Ok(ChosenEngine::assumed(engine)),
        EngineChoice::Auto => choose(choice),
    }
}

fn is_unprivileged() -> bool {
    !rustix::process::geteuid().is_root()
}

fn not_installed(program: &str) -> Error {
    Error::failed(format!("{program} is not installed: PATH has no such executable"))
        .hint("install it, or choose another engine with --engine")
}

impl ChosenEngine {
    /// An engine that is not started, so nothing about its installation is checked.
    pub fn assumed(engine: Engine) -> Self {
        let rootless = engine == Engine::Podman && is_unprivileged();
        Self { engine, reason: None, rootless }
    }

    /// The user that the container runs as: one by which files in the workspace belong to the
    /// user who runs paude, unless `--user` or an engine argument requests another.
    pub(crate) fn user(&self, requested: Option<UserIds>, engine_args: &[String]) -> Result<User> {
        if self.engine == Engine::Native {
            return match requested {
                None => Ok(User::Image),
                Some(_) => {
                    Err(Error::usage("the native engine runs as you, and cannot take --user"))
                }
            };
        }
        let sets_user =
            |arg: &String| arg.starts_with("--userns") || arg.starts_with("--user") || arg == "-u";
        match requested {
            None if engine_args.iter().any(sets_user) => Ok(User::Image),
            None if self.rootless => Ok(User::Container("0:0".to_owned())),
            // On other systems the file sharing of a virtual machine maps ids.
            None if !cfg!(target_os = "linux") => Ok(User::Image),
            None => {
                let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
                Ok(User::Container(format!("{}:{}", uid.as_raw(), gid.as_raw())))
            }
            Some(ids @ UserIds { uid, gid }) => match (self.engine, self.rootless) {
                (Engine::Podman, true) => Ok(User::KeepId { uid, gid }),
                (Engine::Docker, true) if (uid, gid) != (0, 0) => Err(Error::usage(format!(
                    "rootless docker cannot take --user {ids}: files that the container creates \
                     in the project would belong to a subordinate id, and not to you"
                ))
                .hint("leave out --user: root in the container is you")),
                _ => Ok(User::Container(ids.to_string())),
            },
        }
    }
}
