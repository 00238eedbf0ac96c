//! The specification of a run, built from the configuration, the plan and the engine.

mod guarded_mount;

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::Config;
use crate::engine::{ChosenEngine, Engine, User};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::value::Network;
use crate::workspace::{Identity, Workspace};

pub(crate) use guarded_mount::{GuardedDirectory, GuardedMount};

/// Where the cache is in a container.
const CACHE_DIR: &str = "/var/cache/paude";

/// The variables that name the caches of package managers, and the directory of each.
const CACHES: [(&str, &str); 5] = [
    ("UV_CACHE_DIR", "uv"),
    ("PIP_CACHE_DIR", "pip"),
    ("POETRY_CACHE_DIR", "poetry"),
    ("PDM_CACHE_DIR", "pdm"),
    ("npm_config_cache", "npm"),
];

/// Everything that a run needs besides the plan.
#[derive(Clone, Debug)]
pub struct RunSpec {
    pub(crate) engine: Engine,
    /// The container's name, which no other run has.
    pub(crate) name: String,
    /// The image; the built-in engine ignores it.
    pub(crate) image: String,
    /// Why that image was chosen; `None` if a setting names it.
    pub(crate) image_reason: Option<String>,
    /// The command and its arguments; empty for a shell.
    pub(crate) command: Vec<OsString>,
    /// The text that `/bin/sh` runs before the command.
    pub(crate) setup: Option<String>,
    /// Variables to set; the last of a name wins.
    pub(crate) env: Vec<(String, String)>,
    /// Shell text that sets further variables before setup and command; may be empty.
    pub(crate) variables: String,
    /// The user in the container.
    pub(crate) user: User,
    /// The storage of the shadows that are kept, which are the first in the order of mounts: a
    /// volume's name or, for the built-in engine, a directory. The shadows beyond are in memory.
    pub(crate) volumes: Vec<OsString>,
    /// The storage of the cache, like that of a shadow; `None` without one.
    pub(crate) cache: Option<OsString>,
    /// The mounts that are checked before, and monitored while, the command runs.
    pub(crate) guarded: Vec<GuardedMount>,
    /// How the guard recognises the project's directory.
    pub(crate) identity: Identity,
    /// Whether the command is the container's first process, without paude's script and so
    /// without its checks.
    pub(crate) unguarded: bool,
    /// Whether the command gets a terminal.
    pub(crate) tty: bool,
    /// Whether SELinux protects this machine's files.
    pub(crate) selinux: bool,
    /// Whether the project's directory is on a read-only mount of this machine.
    pub(crate) read_only: bool,
    /// Whether the renderer has to take the network away.
    pub(crate) no_network: bool,
    /// The directories that are shared besides the project, as the guard checks them.
    pub(crate) directories: Vec<GuardedDirectory>,
    /// Further arguments of `podman run` or `docker run`.
    pub(crate) engine_args: Vec<String>,
}

impl RunSpec {
    /// Builds the specification. If no setting names an image, it uses the official one for the
    /// Python version that the project means.
    pub fn new(
        config: &Config,
        workspace: &Workspace,
        plan: &Plan,
        chosen: &ChosenEngine,
        command: &[OsString],
    ) -> Result<Self> {
        let (image, image_reason) = match (&config.image, chosen.engine) {
            (Some(image), _) => (String::from(image.clone()), None),
            (None, Engine::Native) => (String::new(), None),
            (None, _) => (plan.python().image(), Some(plan.python().reason.clone())),
        };
        Ok(Self {
            engine: chosen.engine,
            name: container_name(),
            image,
            image_reason,
            command: command.to_vec(),
            setup: config.setup.clone(),
            env: config.env.clone(),
            variables: config.variables.clone(),
            user: chosen.user(config.user, &config.engine_args)?,
            unguarded: false,
            tty: std::io::stdout().is_terminal() && is_in_foreground(),
            volumes: Vec::new(),
            cache: None,
            guarded: GuardedMount::all(plan),
            identity: workspace.read_identity(|name| plan.hides(name)),
            selinux: std::path::Path::new("/sys/fs/selinux/enforce").exists(),
            read_only: workspace.is_read_only(),
            no_network: needs_no_network(config.network, chosen.engine, &config.engine_args)?,
            directories: GuardedDirectory::all(plan),
            engine_args: config.engine_args.clone(),
        })
    }

    /// A run of the setup without the command, in another container.
    pub(crate) fn setup_only(&self) -> Self {
        Self {
            name: container_name(),
            command: ["/bin/sh", "-c", ":"].map(OsString::from).into(),
            tty: false,
            ..self.clone()
        }
    }

    /// Has package managers keep what they download in this cache, unless a variable of theirs
    /// says otherwise. With `may_link`, environments of Python consist of links into it.
    pub(crate) fn use_cache(&mut self, source: OsString, may_link: bool) {
        self.cache = Some(source);
        let dir = self.cache_dir().unwrap_or_default().to_string_lossy().into_owned();
        let variables = CACHES.map(|(name, below)| (name.to_owned(), format!("{dir}/{below}")));
        // To copy what is large takes several times as long. An environment in a volume outlives
        // the cache.
        let links = may_link.then(|| ("UV_LINK_MODE".to_owned(), "symlink".to_owned()));
        self.env.splice(..0, links.into_iter().chain(variables));
    }

    /// Where the cache is in the container. With the built-in engine it is at its own path, as
    /// there is no other that exists.
    pub(crate) fn cache_dir(&self) -> Option<&OsStr> {
        let source = self.cache.as_deref()?;
        Some(if self.engine == Engine::Native { source } else { OsStr::new(CACHE_DIR) })
    }

    /// Whether a container could be one of paude's, by its name.
    pub(crate) fn is_container_name(name: &str) -> bool {
        name.starts_with(NAME_PREFIX)
    }

    /// Makes the command the container's first process, for an image without a shell.
    pub(crate) fn unguard(&mut self) -> Result<()> {
        if self.engine == Engine::Native {
            let message =
                "--no-guard is for images without a shell, and the native engine has no image";
            return Err(Error::usage(message).hint("leave it out"));
        }
        if self.setup.is_some() {
            return Err(Error::usage(
                "a setup needs a shell, and so cannot be combined with --no-guard",
            )
            .hint("--no-setup leaves it out"));
        }
        if !self.variables.is_empty() {
            let message = "a variable that is computed in the container needs a shell, and so \
                           cannot be combined with --no-guard";
            return Err(Error::usage(message).hint("set it: --env NAME=VALUE"));
        }
        self.unguarded = true;
        Ok(())
    }
}

/// The engine arguments that name a network, each as the option and its value.
pub(crate) fn network_args(engine_args: &[String]) -> impl Iterator<Item = (&str, &str)> {
    const OPTIONS: [&str; 2] = ["--network", "--net"];
    let mut args = engine_args.iter();
    std::iter::from_fn(move || {
        loop {
            let arg = args.next()?;
            match arg.split_once('=') {
                Some((option, value)) if OPTIONS.contains(&option) => return Some((option, value)),
                None if OPTIONS.contains(&arg.as_str()) => {
                    return Some((arg.as_str(), args.next().map_or("", String::as_str)));
                }
                _ => {}
            }
        }
    })
}

/// Whether the container has to be kept from the network by an option: the engine arguments may
/// do so already. Fails if they name a network although there is to be none.
fn needs_no_network(network: Network, engine: Engine, engine_args: &[String]) -> Result<bool> {
    if network == Network::Engine || engine == Engine::Native {
        return Ok(network == Network::None);
    }
    let mut is_set = false;
    for (option, value) in network_args(engine_args) {
        if value != Network::None.name() {
            let value = crate::escape::shown(value);
            return Err(Error::usage(format!(
                "`network` is `none`, but the engine argument `{option} {value}` names one"
            ))
            .hint("leave the argument out, or add --network engine"));
        }
        is_set = true;
    }
    Ok(!is_set)
}

/// Whether stdin is a terminal with paude in its foreground. From the background, an engine's
/// client would be stopped when it uses the terminal.
pub(crate) fn is_in_foreground() -> bool {
    let group = rustix::process::getpgrp();
    rustix::termios::tcgetpgrp(rustix::stdio::stdin()) == Ok(group)
}

/// The beginning of every container's name.
const NAME_PREFIX: &str = "paude-";

/// A name that no other run has: the process id and the time.
fn container_name() -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{NAME_PREFIX}{:x}-{:x}", std::process::id(), time.as_micros())
}
