//! What is to run, put together from the configuration, the plan and the engine.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::Config;
use crate::engine::Chosen;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::render::{Engine, Guarded, Job};

/// The newest Python, where no environment of the host tells another.
const NEWEST: &str = "docker.io/library/python:3-slim";

impl Job {
    /// The job; without an image of the person's, with one that fits their environment.
    pub fn new(
        config: &Config,
        plan: &Plan,
        chosen: &Chosen,
        command: &[OsString],
    ) -> Result<Self> {
        let (image, image_reason) = match (&config.image, chosen.engine) {
            (Some(image), _) => (String::from(image.clone()), None),
            (None, Engine::Native) => (String::new(), None),
            (None, _) => default_image(plan),
        };
        Ok(Self {
            name: container_name(),
            image,
            image_reason,
            command: command.to_vec(),
            setup: config.setup.clone(),
            env: config.env.clone(),
            user: chosen.user(config.user.as_deref(), &config.engine_args)?,
            unguarded: false,
            tty: std::io::stdout().is_terminal() && owns_terminal(),
            volumes: Vec::new(),
            guarded: Guarded::all(plan),
            selinux: std::path::Path::new("/sys/fs/selinux/enforce").exists(),
            engine_args: config.engine_args.clone(),
        })
    }
}

impl Job {
    /// The setup and no command, in a container of its own.
    pub fn setup_alone(&self) -> Self {
        Self {
            name: container_name(),
            command: ["/bin/sh", "-c", ":"].map(OsString::from).into(),
            tty: false,
            ..self.clone()
        }
    }

    /// Whether a container could be one of paude's, by its name.
    pub fn could_be_named(name: &str) -> bool {
        name.starts_with(OWN)
    }

    /// Has the command itself be the container's first process, as an image without a
    /// shell needs it.
    pub fn unguard(&mut self, engine: Engine) -> Result<()> {
        if engine == Engine::Native {
            return Err(Error::usage(
                "the native engine has no image, and a shell to check with: leave out --no-guard",
            ));
        }
        if self.setup.is_some() {
            return Err(Error::usage("a setup needs a shell, and so cannot go with --no-guard")
                .hint("--no-setup leaves it out"));
        }
        self.unguarded = true;
        Ok(())
    }
}

/// The official image of the Python that the host's own environment was made with.
fn default_image(plan: &Plan) -> (String, Option<String>) {
    let known = plan.primary().into_iter().chain(plan.shadows());
    let known = known.filter_map(|shadow| Some((shadow.path(), shadow.python_series()?))).next();
    match known {
        Some((path, series)) => (
            format!("docker.io/library/python:{series}-slim"),
            Some(format!(
                "`{}` was made with Python {series}",
                crate::escape::shown(path.as_str())
            )),
        ),
        None => (NEWEST.to_owned(), Some("no environment tells another version".to_owned())),
    }
}

/// Whether stdin is a terminal, and paude not in its background, where an engine's client
/// would be stopped for taking it.
fn owns_terminal() -> bool {
    let own = rustix::process::getpgrp();
    rustix::termios::tcgetpgrp(rustix::stdio::stdin()).is_ok_and(|group| group == own)
}

/// What the name of every container of paude's begins with.
const OWN: &str = "paude-";

/// A name that no other run has: the process, and when it began.
fn container_name() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{OWN}{:x}-{:x}", std::process::id(), since.as_micros())
}
