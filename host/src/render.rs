//! A checked plan in one engine's words.

pub mod argv;
mod docker;
mod entry;
mod guarded;
mod native;
mod oci_cli;
#[cfg(any(test, fuzzing))]
pub(crate) mod oracle;
mod podman;

use std::ffi::OsString;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::plan::Plan;

pub use argv::Argv;
pub use guarded::Guarded;
pub use native::{Cover, Sandbox};

/// What is to run in the container, beside the plan.
#[derive(Clone, Debug)]
pub struct Job {
    /// The container's name, by which a signal finds it.
    pub name: String,
    /// The image; not used by the built-in engine.
    pub image: String,
    /// Why that image, where nobody named one.
    pub image_reason: Option<String>,
    /// The command and its arguments; none means a shell.
    pub command: Vec<OsString>,
    /// What `/bin/sh` runs before.
    pub setup: Option<String>,
    /// Variables to set; a later one wins.
    pub env: Vec<(String, String)>,
    /// As whom.
    pub user: User,
    /// What each shadow of the plan is kept in, in their order: a volume's name or, for
    /// the built-in engine, a directory. Nothing if they are in memory.
    pub volumes: Vec<OsString>,
    /// What is proved and watched.
    pub guarded: Vec<Guarded>,
    /// Whether the command is the container's first process, with nothing that proves
    /// anything before it.
    pub unguarded: bool,
    /// Whether stdin and stdout are a terminal.
    pub tty: bool,
    /// Whether SELinux guards this machine's files.
    pub selinux: bool,
    /// Further arguments of podman or docker.
    pub engine_args: Vec<String>,
}

/// As whom the container runs, in the engine's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// As the image says.
    Image,
    /// As this user of the container.
    Container(String),
    /// As these ids, which a rootless podman maps to the person.
    KeepId {
        /// The user id in the container.
        uid: u32,
        /// The group id in the container.
        gid: u32,
    },
}

/// What a renderer makes.
#[derive(Debug)]
pub enum Rendered {
    /// A command to start.
    Command(Argv),
    /// What the built-in engine sets up itself.
    Sandbox(Sandbox),
}

impl Rendered {
    /// As a command line: for the built-in engine, the `bwrap` command that does the same.
    pub fn command(&self) -> Argv {
        match self {
            Self::Command(argv) => argv.clone(),
            Self::Sandbox(sandbox) => sandbox.bwrap(),
        }
    }
}

/// One engine's words. A new engine is one file and one line in [`renderer`].
pub trait Render {
    /// Says everything in the plan and the job, or says what it cannot.
    fn render(&self, plan: &Plan, job: &Job) -> Result<Rendered, Unsupported>;
}

/// The engines that can be rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// podman
    Podman,
    /// docker
    Docker,
    /// Linux namespaces over this machine's own root
    Native,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Podman => "podman",
            Self::Docker => "docker",
            Self::Native => "native",
        })
    }
}

/// The renderer of an engine.
pub fn renderer(engine: Engine) -> &'static dyn Render {
    match engine {
        Engine::Podman => &podman::Podman,
        Engine::Docker => &docker::Docker,
        Engine::Native => &native::Native,
    }
}

/// Something that an engine's language cannot express.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsupported {
    engine: Engine,
    /// What cannot be said, and why.
    what: String,
}

impl From<Unsupported> for Error {
    fn from(unsupported: Unsupported) -> Self {
        Self::failed(format!("{} cannot take {}", unsupported.engine, unsupported.what))
            .hint("rename it, or try another --engine")
    }
}
