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
    pub(crate) reason: Option<String>,
    /// Whether root in its containers is the user who runs paude, and not the host's root.
    rootless: bool,
}

/// Whether an engine can be used.
enum Usability {
    Usable {
        /// See [`ChosenEngine`].
        rootless: bool,
        /// The part of the reason that is about this engine, if there is one.
        reason: Option<&'static str>,
    },
    /// `auto` continues with the next engine.
    Unusable(Unusable),
}

/// Why an engine cannot be used.
enum Unusable {
    NotInstalled(Engine),
    /// The part of the reason that is about this engine, and the error if it was named.
    Other(&'static str, Error),
}

/// Returns the named engine if it can be used, or the first that can.
///
/// An installation that is broken is an error also for `auto`: which engine runs a project must
/// not change by itself.
pub(crate) fn choose(choice: EngineChoice) -> Result<ChosenEngine> {
    let engine = match choice {
        EngineChoice::Auto => return choose_first(),
        EngineChoice::Named(engine) => engine,
    };
    match probe(engine)? {
        Usability::Usable { rootless, .. } => Ok(ChosenEngine { engine, reason: None, rootless }),
        Usability::Unusable(Unusable::NotInstalled(engine)) => Err(not_installed(engine.program())),
        Usability::Unusable(Unusable::Other(_, error)) => Err(error),
    }
}

/// Returns the first engine that can be used, in the order of [`Engine::ALL`].
fn choose_first() -> Result<ChosenEngine> {
    let mut unusable = Vec::new();
    for engine in Engine::ALL {
        match probe(engine)? {
            Usability::Usable { rootless, reason } => {
                let reason = Some(join_reasons(&unusable, reason));
                return Ok(ChosenEngine { engine, reason, rootless });
            }
            Usability::Unusable(why) => unusable.push(why),
        }
    }
    let reason = join_reasons(&unusable, None);
    Err(Error::failed(format!("no engine can run a container: {reason}"))
        .hint("install podman or docker"))
}

/// Checks one engine without starting a container. A new engine has its check here.
fn probe(engine: Engine) -> Result<Usability> {
    if engine.client().is_some_and(|client| !installed(client.program)) {
        return Ok(Usability::Unusable(Unusable::NotInstalled(engine)));
    }
    match engine {
        Engine::Podman => {
            let rootless = is_podman_rootless()?;
            Ok(Usability::Usable { rootless, reason: Some("it is installed") })
        }
        Engine::Docker => probe_docker(),
        Engine::Native if cfg!(target_os = "linux") => {
            Ok(Usability::Usable { rootless: false, reason: None })
        }
        Engine::Native => {
            let error = Error::failed("the native engine needs Linux");
            let error = error.hint("install podman or docker");
            Ok(Usability::Unusable(Unusable::Other("native needs Linux", error)))
        }
    }
}

/// The reason for a choice: why the engines before it cannot be used, and what is known about it.
fn join_reasons(unusable: &[Unusable], chosen: Option<&str>) -> String {
    let missing: Vec<_> = unusable.iter().filter_map(Unusable::missing_program).collect();
    let missing = match missing.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is not installed")),
        [one, two] => Some(format!("neither {one} nor {two} is installed")),
        more => Some(format!("none of {} is installed", more.join(", "))),
    };
    let others = unusable.iter().filter_map(|unusable| match unusable {
        Unusable::NotInstalled(_) => None,
        Unusable::Other(reason, _) => Some(*reason),
    });
    let others = others.chain(chosen).map(str::to_owned);
    missing.into_iter().chain(others).collect::<Vec<_>>().join(", and ")
}

impl Unusable {
    fn missing_program(&self) -> Option<&'static str> {
        match self {
            Self::NotInstalled(engine) => Some(engine.program()),
            Self::Other(..) => None,
        }
    }
}

/// Whether a docker daemon answers.
///
/// What podman does for docker's client is not enough: its API drops the options of volumes, and
/// its tmpfs has a copy of the host's environment in it.
fn probe_docker() -> Result<Usability> {
    let unusable = |reason, message: &str, hint: &str| {
        Ok(Usability::Unusable(Unusable::Other(reason, Error::failed(message).hint(hint))))
    };
    match endpoint::probe_daemon() {
        daemon @ (Daemon::Rootful | Daemon::Rootless) => Ok(Usability::Usable {
            rootless: daemon == Daemon::Rootless,
            reason: Some("docker's daemon answers"),
        }),
        Daemon::Silent => unusable(
            "docker's daemon does not answer",
            "docker is installed, but its daemon does not answer",
            "start it, or choose another engine with --engine",
        ),
        Daemon::Denied => unusable(
            "docker's daemon denies you access",
            "docker is installed, but its daemon denies you access",
            "join the group that owns its socket, often `docker`, or choose another engine with \
             --engine",
        ),
        Daemon::NoContext => unusable(
            "docker's context does not exist",
            "docker is installed, but the context that it is set to does not exist",
            "`docker context ls` lists them, and DOCKER_CONTEXT and `docker context use` set one",
        ),
        Daemon::PodmanWrapper => {
            Err(Error::failed("docker is a wrapper around podman here").hint(USE_PODMAN))
        }
        Daemon::PodmanService => {
            let message = "docker is connected to a podman service, not to its daemon";
            Err(Error::failed(message).hint(USE_PODMAN))
        }
    }
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
        let is_daemonless = engine.client().is_some_and(|client| client.is_daemonless);
        let rootless = is_daemonless && is_unprivileged();
        Self { engine, reason: None, rootless }
    }

    /// The user that the container runs as: one by which files in the workspace belong to the
    /// user who runs paude, unless `--user` or an engine argument requests another.
    pub(crate) fn user(&self, requested: Option<UserIds>, engine_args: &[String]) -> Result<User> {
        let Some(client) = self.engine.client() else {
            return match requested {
                None => Ok(User::Image),
                Some(_) => {
                    Err(Error::usage("the native engine runs as you, and cannot take --user"))
                }
            };
        };
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
            Some(UserIds { uid, gid }) if self.rootless && client.has_keep_id => {
                Ok(User::KeepId { uid, gid })
            }
            Some(ids @ UserIds { uid, gid }) if self.rootless && (uid, gid) != (0, 0) => {
                Err(Error::usage(format!(
                    "rootless {} cannot take --user {ids}: files that the container creates in \
                     the project would belong to a subordinate id, and not to you",
                    self.engine
                ))
                .hint("leave out --user: root in the container is you"))
            }
            Some(ids) => Ok(User::Container(ids.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_every_engine_before_the_chosen_one() {
        let missing = || Unusable::NotInstalled(Engine::Podman);
        let docker = || Unusable::NotInstalled(Engine::Docker);
        let silent = || Unusable::Other("docker's daemon does not answer", Error::failed(""));
        for (unusable, chosen, expected) in [
            (vec![], Some("it is installed"), "it is installed"),
            (vec![missing()], Some("x answers"), "podman is not installed, and x answers"),
            (vec![missing(), docker()], None, "neither podman nor docker is installed"),
            (
                vec![missing(), silent()],
                None,
                "podman is not installed, and docker's daemon does not answer",
            ),
            (
                vec![missing(), silent(), docker()],
                Some("y answers"),
                "neither podman nor docker is installed, and docker's daemon does not answer, \
                 and y answers",
            ),
        ] {
            assert_eq!(join_reasons(&unusable, chosen), expected);
        }
    }
}
