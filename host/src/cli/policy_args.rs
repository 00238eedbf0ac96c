//! The arguments of `paude policy`.
// The comments on what clap derives from are help texts, which have no full stop.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{OUTPUT, ProjectArgs, ReportFormat, examples};
use crate::value::{OciReference, Seconds, Sha256};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyAction {
    /// Print each built-in policy with what it hides, and each one that was pulled
    #[command(after_long_help = examples::POLICY_LIST)]
    List,
    /// Run a policy on this project, and show its result unchecked
    #[command(after_long_help = examples::POLICY_RUN)]
    Run(Box<PolicyRunArgs>),
    /// Show what a component is, whether this paude can run it, and everything wrong with it
    #[command(after_long_help = examples::POLICY_CHECK)]
    Check {
        /// A component, `oci:REFERENCE`, `sha256:HASH` or the name of a built-in policy
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Show what only a policy would hide here, and what only the built-in one would
    #[command(after_long_help = examples::POLICY_COMPARE)]
    Compare(Box<PolicyCompareArgs>),
    /// Write a policy to start from, which builds and works, and its test
    #[command(after_long_help = examples::POLICY_NEW)]
    New {
        /// A directory that does not exist yet, or is empty
        #[arg(value_hint = ValueHint::DirPath)]
        dir: PathBuf,
        /// The language of the policy
        #[arg(long, value_enum)]
        lang: Language,
    },
    /// Fetch a policy from a registry, and keep it
    ///
    /// No other command opens a connection. Logins are those of podman and docker; proxies and
    /// certificates are curl's.
    #[command(after_long_help = examples::POLICY_PULL)]
    Pull(PolicyPullArgs),
    /// Show what a policy imports and exports, and where it came from
    #[command(after_long_help = examples::POLICY_INSPECT)]
    Inspect(PolicyInspectArgs),
    /// Check that pulled policies are what was pulled
    #[command(after_long_help = examples::POLICY_VERIFY)]
    Verify {
        /// `oci:REFERENCE` or `sha256:HASH` [default: all that were pulled]
        #[arg(value_hint = ValueHint::Other)]
        names: Vec<String>,
    },
    /// Remove policies that were pulled
    #[command(after_long_help = examples::POLICY_REMOVE)]
    Remove {
        /// `oci:REFERENCE` or `sha256:HASH`
        #[arg(required = true, value_hint = ValueHint::Other)]
        names: Vec<String>,
    },
    /// Remove those that later pulls of the same references replaced
    #[command(after_long_help = examples::POLICY_PRUNE)]
    Prune,
    /// Write the built-in policy's component to a file, for other WASI hosts
    #[command(after_long_help = examples::POLICY_EXPORT)]
    Export {
        /// A file that does not exist yet, or `-` for standard output
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PolicyRunArgs {
    /// The policy, as `--policy` takes it [default: the policies of the project]
    #[arg(conflicts_with = "policy", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// The form of the result; time and memory used are printed to standard error
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = OUTPUT)]
    pub(crate) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyCompareArgs {
    /// The component
    #[arg(conflicts_with = "policy", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyPullArgs {
    /// The policy, as HOST/NAME:TAG or HOST/NAME@sha256:DIGEST
    #[arg(value_hint = ValueHint::Other)]
    pub(crate) reference: OciReference,
    /// Accept only a component with this hash
    #[arg(long, value_name = "HASH", value_hint = ValueHint::Other)]
    pub(crate) sha256: Option<Sha256>,
    /// The time limit of all requests together [default: 300]
    #[arg(long, value_name = "SECONDS", value_hint = ValueHint::Other)]
    pub(crate) timeout: Option<Seconds>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyInspectArgs {
    /// A component, `oci:REFERENCE`, `sha256:HASH` or the name of a built-in policy
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) policy: PathBuf,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = OUTPUT)]
    pub(crate) format: ReportFormat,
}

/// The languages of `paude policy new`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust, with cargo alone
    Rust,
    /// Python, with componentize-py
    Python,
    /// JavaScript, with jco
    Js,
}
