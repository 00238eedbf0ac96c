//! The options that every command over a project has: the project and its settings.
// The comments on what clap derives from are help texts, which have no full stop.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{CONTAINER, HIDDEN, POLICIES};
use crate::engine::EngineChoice;
use crate::value::{
    BuildConsent, DevcontainerChoice, Image, Network, Seconds, Size, Storage, UserIds,
};

// A project and its settings; each setting wins over those of the files.
#[expect(missing_docs, reason = "clap would print it as the help of each command with these")]
#[derive(Clone, Debug, Default, Args)]
pub struct ProjectArgs {
    /// The project directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) workspace: PathBuf,
    /// Hide these directories: `auto`, `none` or paths (repeatable)
    ///
    /// `auto` hides what the policy recognises. Paths given with `auto` are hidden in addition,
    /// and `!DIR` leaves a directory open.
    #[arg(long, value_name = "auto|none|DIR", help_heading = HIDDEN)]
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) venv: Vec<String>,
    /// Look for environments this many directories deep [default: no bound]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    #[arg(help_heading = HIDDEN, value_hint = ValueHint::Other)]
    pub(crate) depth: Option<u32>,
    /// Do not look in directories of this name, or at this path (repeatable)
    #[arg(long, value_name = "DIR", help_heading = HIDDEN, value_hint = ValueHint::DirPath)]
    pub(crate) skip: Vec<String>,
    /// What is mounted over a hidden directory [default: tmpfs]
    #[arg(long, value_enum, help_heading = HIDDEN)]
    pub(crate) storage: Option<Storage>,
    /// The size limit of each empty directory in memory, such as 2g
    #[arg(long, help_heading = HIDDEN, value_hint = ValueHint::Other)]
    pub(crate) size: Option<Size>,
    /// The engine that runs the container [default: auto]
    #[arg(long, value_enum, help_heading = CONTAINER)]
    pub(crate) engine: Option<EngineChoice>,
    /// The container image [default: the official one of your Python]
    ///
    /// Without this option or setting, paude takes the official image of the Python that the
    /// project means: by `.python-version`, its environment or `requires-python`.
    #[arg(long, help_heading = CONTAINER, value_hint = ValueHint::Other)]
    pub(crate) image: Option<Image>,
    /// Take image, variables and setup from the project's devcontainer.json
    ///
    /// A file in the project, if not the one in the usual places. Of what it asks for, only what
    /// happens in the container is done; a warning names the rest.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "")]
    #[arg(help_heading = CONTAINER, value_hint = ValueHint::FilePath)]
    pub(crate) devcontainer: Option<DevcontainerChoice>,
    /// Whether the engine may build an image from the project [default: ask]
    #[arg(long, value_enum)]
    #[arg(help_heading = CONTAINER)]
    pub(crate) builds: Option<BuildConsent>,
    /// Build nothing: leave out `build` and `packages` of the settings files
    #[arg(long, help_heading = CONTAINER)]
    pub(crate) no_build: bool,
    /// Build the image again, without the engine's cache
    #[arg(long, conflicts_with = "no_build", help_heading = CONTAINER)]
    pub(crate) rebuild: bool,
    /// Build the image again, over the newest one that the registry has
    #[arg(long, conflicts_with = "no_build", help_heading = CONTAINER)]
    pub(crate) pull: bool,
    /// The script that /bin/sh runs in the container before the command
    #[arg(long, value_name = "SCRIPT", conflicts_with = "no_setup", help_heading = CONTAINER)]
    #[arg(value_hint = ValueHint::Other)]
    pub(crate) setup: Option<String>,
    /// Run no setup, whatever the settings files say
    #[arg(long, help_heading = CONTAINER)]
    pub(crate) no_setup: bool,
    /// Keep what package managers download for the next setup [default: with `--storage volume`]
    #[arg(long, conflicts_with = "no_cache", help_heading = CONTAINER)]
    pub(crate) cache: bool,
    /// Keep no downloads, whatever the settings files say
    #[arg(long, help_heading = CONTAINER)]
    pub(crate) no_cache: bool,
    /// Set a variable in the container, or pass yours on (repeatable)
    #[arg(short, long, value_name = "NAME[=VALUE]", help_heading = CONTAINER)]
    #[arg(value_hint = ValueHint::Other)]
    pub(crate) env: Vec<String>,
    /// The user in the container [default: one whose files are yours]
    #[arg(long, value_name = "UID[:GID]", help_heading = CONTAINER, value_hint = ValueHint::Other)]
    pub(crate) user: Option<UserIds>,
    /// Share another directory too, at its own path; `:ro` for reading only (repeatable)
    ///
    /// Its environments are hidden as those of the project are.
    #[arg(long, value_name = "DIR[:ro]", help_heading = CONTAINER, value_hint = ValueHint::DirPath)]
    pub(crate) with: Vec<OsString>,
    /// Share the git directory of a worktree or submodule too
    ///
    /// What runs in the container can then write in it, also hooks that git runs on this machine.
    #[arg(long, help_heading = CONTAINER)]
    pub(crate) with_git: bool,
    /// What the container can reach [default: engine]
    #[arg(long, value_enum, help_heading = CONTAINER)]
    pub(crate) network: Option<Network>,
    /// Pass this argument to podman or docker (repeatable)
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, help_heading = CONTAINER)]
    #[arg(value_hint = ValueHint::Other)]
    pub(crate) engine_arg: Vec<String>,
    /// Use this component, or `python`, `node` or `rust` (repeatable)
    ///
    /// It decides what is hidden, in place of the built-in policy. `oci:REFERENCE` and
    /// `sha256:HASH` name one that `paude policy pull` fetched. The findings of several policies are
    /// merged.
    #[arg(long, value_name = "FILE", help_heading = POLICIES, value_hint = ValueHint::FilePath)]
    pub(crate) policy: Vec<PathBuf>,
    /// The time limit of each policy [default: 2; built-in: 30]
    #[arg(long, value_name = "SECONDS", help_heading = POLICIES, value_hint = ValueHint::Other)]
    pub(crate) policy_timeout: Option<Seconds>,
    /// Compile policies again, and do not cache the machine code
    #[arg(long, help_heading = POLICIES)]
    pub(crate) no_policy_cache: bool,
}
