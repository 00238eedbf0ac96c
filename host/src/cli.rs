//! The command line, as typed. No rule lives here and nothing is read.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::value::{EngineChoice, Image, Seconds, Size, Storage};

/// Run a project in a container, with its Python virtual environments kept apart
///
/// Every environment of the host (.venv, venv, ...) is hidden behind an empty,
/// writable directory, so that host and container each keep a working one.
#[derive(Debug, Parser)]
#[command(name = "paude", version, max_term_width = 100, args_override_self = true)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(subcommand_value_name = "SUBCOMMAND", subcommand_help_heading = "Subcommands")]
pub struct Cli {
    /// What to do; `run` if none is given.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// The arguments of a plain `paude`.
    #[command(flatten)]
    pub run: Run,
}

impl Cli {
    /// What this process was started with. Ends it with clap's own words, and a tip
    /// where a word stands alone, if that cannot be understood.
    pub fn typed() -> Self {
        Self::try_parse().unwrap_or_else(|mut error| {
            if let (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) =
                (error.kind(), error.get(ContextKind::InvalidArg))
                && !word.starts_with('-')
            {
                let tip = match Self::command().find_subcommand(word) {
                    Some(_) => format!("options come after the subcommand: paude {word} [OPTIONS]"),
                    None => format!("to run a command, put `--` before it: paude -- {word}"),
                };
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
            error.exit()
        })
    }
}

/// What `paude` can do.
// Deferred, or clap would make the options of all of them at each start.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Action {
    /// Run a command, or a shell, in a container over the project (the default)
    Run(Run),
    /// Show what is shared and what is hidden, and why; run nothing
    Plan(Plan),
    /// Prove on this project that host and container each keep a working environment
    ///
    /// Runs the Python of the project's own environments on this machine, before and
    /// after a container in which a new environment is made. The setup is not run.
    Verify(Box<Verify>),
    /// Look at the engines, this machine and the project, and say what to do
    Doctor(Box<Doctor>),
    /// List and remove the environments that `--storage volume` keeps
    #[command(subcommand)]
    Volumes(Volumes),
    /// Write, try and compare policies, and take the built-in one elsewhere
    #[command(subcommand)]
    Policy(Policy),
    /// Print the JSON Schema of paude.json, for editors
    Schema,
    /// Print a completion script
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `paude run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Which project, and how.
    #[command(flatten)]
    pub project: Project,
    /// Print the engine command, quoted for a shell, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Run the command itself, with no check in the container: for images without a shell
    #[arg(long, requires = "command")]
    pub no_guard: bool,
    /// Write to this file, as JSON, whether the hidden environments were left alone
    #[arg(long, value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Say more: each environment with its evidence, and the engine command
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// The command and its arguments; without one, a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}

/// `paude plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Which project, and how.
    #[command(flatten)]
    pub project: Project,
    /// How to show it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// The command and its arguments; without one, a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<std::ffi::OsString>,
}

/// `paude verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Which project, and how.
    #[command(flatten)]
    pub project: Project,
    /// How to show it
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

/// `paude doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Which project, and how.
    #[command(flatten)]
    pub project: Project,
    /// How to show it
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

/// `paude volumes`.
#[derive(Debug, Subcommand)]
pub enum Volumes {
    /// Show each: its name, state, engine, environment and project
    List,
    /// Remove these, unless a session uses them
    Remove {
        /// As `list` shows them
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove those whose project or image is gone
    Prune,
}

/// `paude policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Ask a policy what it would hide here, and show its answer unchecked
    Run(Box<PolicyRun>),
    /// Say what a component is, whether this paude can run it, and all that is wrong with it
    Check {
        /// The component, or `builtin`
        file: PathBuf,
    },
    /// Show what a policy would hide here that the built-in one would not, and the other way round
    Compare(Box<PolicyCompare>),
    /// Write a policy to start from, with its test, that builds and works at once
    New {
        /// A directory that does not exist yet, or is empty
        dir: PathBuf,
        /// In which language
        #[arg(long, value_enum)]
        lang: Language,
    },
    /// Write the built-in policy's component to a file, for other WASI hosts
    Export {
        /// A file that does not exist yet, or `-` for standard output
        file: PathBuf,
    },
}

/// `paude policy run`.
#[derive(Debug, Args)]
pub struct PolicyRun {
    /// The component, or `builtin` [default: what the project would use]
    #[arg(conflicts_with = "policy")]
    pub file: Option<PathBuf>,
    /// Which project, and how.
    #[command(flatten)]
    pub project: Project,
    /// How to show the answer; what it took is said on standard error
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub format: AnswerFormat,
}

/// `paude policy compare`.
#[derive(Debug, Args)]
pub struct PolicyCompare {
    /// The component
    #[arg(conflicts_with = "policy")]
    pub file: PathBuf,
    /// Which project, and how.
    #[command(flatten)]
    pub project: Project,
}

/// The languages of templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust, with cargo alone
    Rust,
    /// Python, with componentize-py
    Python,
    /// JavaScript, with jco
    Js,
}

/// The forms of what paude found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// A line for each thing, for people
    Text,
    /// One line of JSON, for programs
    Json,
}

/// The forms of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A picture of the tree, for people
    Text,
    /// The documented JSON, for programs
    Json,
    /// The podman command
    Podman,
    /// The docker command
    Docker,
    /// The bubblewrap command that does what the built-in engine does
    Native,
}

/// What a command line may say about a project; it wins over every file.
#[derive(Debug, Default, Args)]
pub struct Project {
    /// The project directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub workspace: PathBuf,
    /// Hide these directories: `auto`, `none`, or paths (repeatable)
    #[arg(long, value_name = "auto|none|DIR")]
    pub venv: Vec<String>,
    /// How many directories deep nested projects are looked for [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub depth: Option<u32>,
    /// Run this by /bin/sh in the container before the command
    #[arg(long, value_name = "SCRIPT", conflicts_with = "no_setup")]
    pub setup: Option<String>,
    /// Run no setup, whatever paude.json says
    #[arg(long)]
    pub no_setup: bool,
    /// The container image [default: the official Python image of the host environment's version]
    #[arg(long)]
    pub image: Option<Image>,
    /// What runs the container [default: auto]
    #[arg(long, value_enum)]
    pub engine: Option<EngineChoice>,
    /// Run as this user of the container [default: one whose files are yours]
    #[arg(long, value_name = "UID[:GID]")]
    pub user: Option<String>,
    /// Set a variable in the container, or pass yours on (repeatable)
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Size limit of each hidden directory's replacement, such as 2g
    #[arg(long)]
    pub size: Option<Size>,
    /// What stands behind a hidden directory [default: tmpfs]
    #[arg(long, value_enum)]
    pub storage: Option<Storage>,
    /// Decide with this policy component in place of the built-in one; `builtin` is that
    /// one (repeatable: their findings are united)
    #[arg(long, value_name = "FILE")]
    pub policy: Vec<PathBuf>,
    /// Give each policy this much time [default: 2]
    #[arg(long, value_name = "SECONDS")]
    pub policy_timeout: Option<Seconds>,
    /// Compile a policy anew, and keep nothing of it
    #[arg(long)]
    pub no_policy_cache: bool,
    /// Hand this argument to podman or docker (repeatable)
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub engine_arg: Vec<String>,
}
