//! The arguments of `paude export`.
// The comments on what clap derives from are help texts, which have no full stop.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{OUTPUT, ProjectArgs};

/// The formats of `paude export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A Compose file, for `docker compose` and podman-compose
    Compose,
    /// A devcontainer.json, for editors and `@devcontainers/cli`
    Devcontainer,
    /// A Pod or Job, for Kubernetes and `podman kube play`
    Kube,
    /// A unit for podman's systemd generator
    Quadlet,
    /// What sync tools, image builds and backups have to leave out
    Ignore,
}

impl ExportFormat {
    /// Every format.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] =
        [Self::Compose, Self::Devcontainer, Self::Kube, Self::Quadlet, Self::Ignore];

    /// Its name on the command line and in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Devcontainer => "devcontainer",
            Self::Kube => "kube",
            Self::Quadlet => "quadlet",
            Self::Ignore => "ignore",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The languages of ignore lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IgnoreDialect {
    /// The patterns of .gitignore, which most sync tools have too
    #[default]
    Git,
    /// The patterns of .dockerignore
    Docker,
    /// The file of `rsync --exclude-from`
    Rsync,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The format
    #[arg(value_enum)]
    pub(crate) format: ExportFormat,
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Write to this file [default: standard output]
    ///
    /// A file that paude did not write is not replaced, a link is not followed.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(help_heading = OUTPUT)]
    pub(crate) output: Option<PathBuf>,
    /// Compare with this file, print the difference, and exit with 1 if there is one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with = "output", help_heading = OUTPUT)]
    pub(crate) check: Option<PathBuf>,
    /// Replace a file that paude did not write
    #[arg(long, requires = "output", help_heading = OUTPUT)]
    pub(crate) force: bool,
    /// Mount the project from this PersistentVolumeClaim (kube)
    #[arg(long, value_name = "NAME", help_heading = OUTPUT)]
    pub(crate) claim: Option<String>,
    /// Write a Job, not a Pod (kube)
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) job: bool,
    /// The language of the list (ignore) [default: git]
    #[arg(long, value_enum, help_heading = OUTPUT)]
    pub(crate) dialect: Option<IgnoreDialect>,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
