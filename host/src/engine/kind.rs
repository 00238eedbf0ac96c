//! The facts about each engine; a new engine adds a row here.

use std::fmt;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::{Deserialize, Deserializer, Serialize};

/// A program that runs the container, or the built-in sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// podman
    Podman,
    /// docker
    Docker,
    /// Linux namespaces over this machine's own root directory
    Native,
}

/// The facts about an engine's command line client.
#[derive(Debug)]
pub(crate) struct Client {
    /// The name of the program in PATH.
    pub(crate) program: &'static str,
    /// The oldest version that the test suite runs on.
    pub(crate) minimum: (u32, u32),
    /// The arguments that remove a container at once, with its anonymous volumes, and succeed
    /// if there is none; its name follows.
    pub(crate) remove: &'static [&'static str],
    /// Whether it runs without a daemon, and so as the user who starts it.
    pub(crate) is_daemonless: bool,
    /// Whether `--userns keep-id` gives a user of a rootless container the ids of the user who
    /// runs paude.
    pub(crate) has_keep_id: bool,
    /// What it prints about an image that it does not have, in lower case.
    pub(crate) no_such_image: &'static [&'static str],
    /// How long an engine may go on creating a container after its client has ended.
    pub(crate) settling: Duration,
    /// Whether `volume create --label` parses its value as CSV.
    pub(crate) label_is_csv: bool,
    /// The arguments that list the names of volumes; a filter follows.
    pub(crate) list_volumes: &'static [&'static str],
}

/// The option that sets the detach keys to ones that nobody types: detaching would leave the
/// container behind. An empty value means docker's default, ctrl-p ctrl-q, and a remote podman
/// refuses it.
pub(crate) const DETACH_KEYS: &str = "--detach-keys=ctrl-@,ctrl-@,ctrl-@,ctrl-@";

/// The field that makes a `--mount` of type bind read-only, for podman and docker.
pub(crate) const READ_ONLY_FIELD: &str = "readonly";

/// The name of podman among the server components that `docker version` lists.
pub(super) const PODMAN_COMPONENT: &str = "Podman Engine";

/// What podman's implementation of docker's API has in the headers of each response.
pub(super) const PODMAN_HEADER: &str = "libpod-api-version:";

/// Whether a line of a client's stderr only refers to its help, as after the reason of a failure:
/// docker 20.10 and podman print "See '... --help'", docker 28 "Run '... --help' for more
/// information" and a usage line.
pub(super) fn refers_to_help(line: &str) -> bool {
    let refers = ["See '", "Run '"].iter().any(|start| line.starts_with(start));
    line.starts_with("Usage:") || refers && line.contains(" --help'")
}

const PODMAN: Client = Client {
    program: "podman",
    minimum: (4, 3),
    // Without `--time`, podman waits ten seconds for a first process that ignores SIGTERM.
    remove: &["rm", "--force", "--volumes", "--time", "0", "--"],
    is_daemonless: true,
    has_keep_id: true,
    no_such_image: &["image not known", "no such image"],
    settling: Duration::ZERO,
    label_is_csv: true,
    list_volumes: &["volume", "ls", "--quiet", "--filter"],
};

const DOCKER: Client = Client {
    program: "docker",
    minimum: (20, 10),
    remove: &["rm", "--force", "--volumes", "--"],
    is_daemonless: false,
    has_keep_id: false,
    no_such_image: &["no such image"],
    // The daemon goes on after its client has ended.
    settling: Duration::from_secs(1),
    label_is_csv: false,
    list_volumes: &["volume", "ls", "--quiet", "--filter"],
};

impl Engine {
    /// Every engine, in the order in which `auto` prefers them.
    pub(crate) const ALL: [Self; 3] = [Self::Podman, Self::Docker, Self::Native];

    /// Its name in options, settings and JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Podman => "podman",
            Self::Docker => "docker",
            Self::Native => "native",
        }
    }

    /// Its client; `None` for the built-in engine, which has none.
    pub(crate) fn client(self) -> Option<&'static Client> {
        match self {
            Self::Podman => Some(&PODMAN),
            Self::Docker => Some(&DOCKER),
            Self::Native => None,
        }
    }

    /// The program to start for queries and to show in error messages.
    pub(crate) fn program(self) -> &'static str {
        self.client().map_or("paude", |client| client.program)
    }

    /// One line for `--help`.
    fn help(self) -> &'static str {
        match self {
            Self::Native => "Linux namespaces over this machine's own root; no image, no daemon",
            _ => self.name(),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The value of the setting `engine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EngineChoice {
    /// The first of [`Engine::ALL`] that can be used.
    #[default]
    Auto,
    /// This engine and no other.
    Named(Engine),
}

/// Every value of the setting.
const CHOICES: [EngineChoice; 1 + Engine::ALL.len()] = {
    let mut choices = [EngineChoice::Auto; 1 + Engine::ALL.len()];
    let mut index = 0;
    while index < Engine::ALL.len() {
        choices[index + 1] = EngineChoice::Named(Engine::ALL[index]);
        index += 1;
    }
    choices
};

const NAMES: [&str; CHOICES.len()] = {
    let mut names = [CHOICES[0].name(); CHOICES.len()];
    let mut index = 0;
    while index < CHOICES.len() {
        names[index] = CHOICES[index].name();
        index += 1;
    }
    names
};

impl EngineChoice {
    /// Its name in options and settings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Named(engine) => engine.name(),
        }
    }
}

impl ValueEnum for EngineChoice {
    fn value_variants<'a>() -> &'a [Self] {
        &CHOICES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Auto => "podman if it is installed, else a docker that answers, else native",
            Self::Named(engine) => engine.help(),
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl<'de> Deserialize<'de> for EngineChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = CHOICES.into_iter().find(|choice| choice.name() == name);
        known.ok_or_else(|| <D::Error as serde::de::Error>::unknown_variant(&name, &NAMES))
    }
}
