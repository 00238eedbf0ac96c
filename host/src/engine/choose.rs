//! Which engine runs the container, and as whom.

use std::path::PathBuf;

use super::endpoint::{self, Daemon};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::render::{Engine, User};
use crate::value::EngineChoice;

/// An engine that is there.
#[derive(Debug)]
pub struct Chosen {
    /// Which.
    pub engine: Engine,
    /// Why, where `auto` decided.
    pub why: Option<&'static str>,
    /// Whether the person is root in its containers without being root.
    rootless: bool,
}

/// Takes the engine that was named, or the first of podman, docker and native.
pub fn choose(choice: EngineChoice) -> Result<Chosen> {
    let chosen = |engine, why, rootless| Ok(Chosen { engine, why, rootless });
    let unprivileged = !rustix::process::geteuid().is_root();
    match choice {
        EngineChoice::Podman if !installed("podman") => Err(missing("podman")),
        EngineChoice::Podman => chosen(Engine::Podman, None, unprivileged),
        EngineChoice::Docker if !installed("docker") => Err(missing("docker")),
        EngineChoice::Docker => match endpoint::daemon() {
            Daemon::Silent => {
                Err(Error::failed("docker is installed, but its daemon does not answer")
                    .hint("start it, or choose another engine with --engine"))
            }
            daemon => chosen(Engine::Docker, None, daemon == Daemon::Rootless),
        },
        EngineChoice::Native if !cfg!(target_os = "linux") => Err(Error::failed(
            "the native engine is made of Linux namespaces, and this is not Linux",
        )
        .hint("install podman or docker")),
        EngineChoice::Native => chosen(Engine::Native, None, false),
        EngineChoice::Auto => {
            if installed("podman") {
                return chosen(Engine::Podman, Some("it is installed"), unprivileged);
            }
            let mut why = "neither podman nor docker is installed";
            if installed("docker") {
                match endpoint::daemon() {
                    Daemon::Silent => {
                        why = "podman is not installed, and docker's daemon does not answer"
                    }
                    daemon => {
                        let why = "podman is not installed, and docker's daemon answers";
                        return chosen(Engine::Docker, Some(why), daemon == Daemon::Rootless);
                    }
                }
            }
            if cfg!(target_os = "linux") {
                return chosen(Engine::Native, Some(why), false);
            }
            Err(Error::failed(format!("there is no engine to run a container: {why}"))
                .hint("install podman or docker"))
        }
    }
}

/// The engine to show a command for: one that was named need not be there.
pub fn choose_for_show(choice: EngineChoice) -> Result<Chosen> {
    match choice {
        EngineChoice::Podman => Ok(Chosen::assumed(Engine::Podman)),
        EngineChoice::Docker => Ok(Chosen::assumed(Engine::Docker)),
        EngineChoice::Native => Ok(Chosen::assumed(Engine::Native)),
        EngineChoice::Auto => choose(choice),
    }
}

fn missing(program: &str) -> Error {
    Error::failed(format!(
        "{program} is not installed: PATH has no such program that can be executed"
    ))
    .hint("install it, or choose another engine with --engine")
}

/// Whether PATH holds the program.
pub fn installed(program: &str) -> bool {
    use rustix::fs::{Access, access};
    #[expect(clippy::disallowed_methods, reason = "programs are found by this variable")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir: PathBuf| dir.join(program))
        .any(|file| file.is_file() && access(&file, Access::EXEC_OK).is_ok())
}

impl Chosen {
    /// An engine that is shown and not started.
    pub fn assumed(engine: Engine) -> Self {
        let rootless = engine == Engine::Podman && !rustix::process::geteuid().is_root();
        Self { engine, why: None, rootless }
    }

    /// As whom the container runs: what it writes into the workspace belongs to the
    /// person, unless they asked for another user, here or by an engine's argument.
    pub fn user(&self, asked: Option<&str>, engine_args: &[String]) -> Result<User> {
        if self.engine == Engine::Native {
            return match asked {
                None => Ok(User::Image),
                Some(_) => {
                    Err(Error::usage("the native engine runs as you, and cannot take --user"))
                }
            };
        }
        let own =
            |arg: &String| arg.starts_with("--userns") || arg.starts_with("--user") || arg == "-u";
        match asked {
            None if engine_args.iter().any(own) => Ok(User::Image),
            // Root in a rootless container is the person.
            None if self.rootless => Ok(User::Container("0:0".to_owned())),
            // Elsewhere a virtual machine's file sharing maps ids.
            None if !cfg!(target_os = "linux") => Ok(User::Image),
            None => {
                let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
                Ok(User::Container(format!("{}:{}", uid.as_raw(), gid.as_raw())))
            }
            Some(user) => {
                let (uid, gid) = ids(user)?;
                match (self.engine, self.rootless) {
                    (Engine::Podman, true) => Ok(User::KeepId { uid, gid }),
                    _ => Ok(User::Container(format!("{uid}:{gid}"))),
                }
            }
        }
    }
}

/// `UID` or `UID:GID`; names would mean different people to different images.
fn ids(user: &str) -> Result<(u32, u32)> {
    let (uid, gid) = user.split_once(':').unwrap_or((user, user));
    match (uid.parse(), gid.parse()) {
        (Ok(uid), Ok(gid)) => Ok((uid, gid)),
        _ => Err(Error::usage(format!(
            "--user `{}` is not UID or UID:GID, such as 1000:1000",
            shown(user)
        ))),
    }
}
