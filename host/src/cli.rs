//! The types of the command line. They hold what was given; nothing is read or decided here.
// The comments on what clap derives from are help texts, which have no full stop.

mod examples;
mod export_args;
mod format;
mod policy_args;
mod project_args;
mod workspace_first;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueHint};

pub(crate) use export_args::{ExportArgs, ExportFormat, IgnoreDialect};
pub(crate) use format::{Format, ReportFormat};
pub(crate) use policy_args::{
    Language, PolicyAction, PolicyCompareArgs, PolicyInspectArgs, PolicyPullArgs, PolicyRunArgs,
};
pub use project_args::ProjectArgs;

use crate::value::Span;

// The headings of `--help`.
const HIDDEN: &str = "What is hidden";
const CONTAINER: &str = "The container";
const POLICIES: &str = "Policies";
const OUTPUT: &str = "Output";

/// Run a project in a container, with its Python virtual environments kept apart
///
/// Every environment of the host (.venv, venv, ...) is hidden behind an empty, writable directory,
/// so that host and container each keep a working one.
#[derive(Debug, Parser)]
#[command(name = "paude", version, max_term_width = 100, args_override_self = true)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(subcommand_value_name = "SUBCOMMAND", subcommand_help_heading = "Subcommands")]
#[command(after_long_help = examples::PAUDE)]
pub struct Cli {
    /// The subcommand; `run` if absent.
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
    /// The arguments of `paude` without a subcommand.
    #[command(flatten)]
    pub run: RunArgs,
}

impl Cli {
    /// Parses the arguments of this process. If they are invalid, prints clap's message and exits
    /// with code 2; a command or subcommand in the wrong place gets a tip.
    pub fn parse_or_exit() -> Self {
        let args = workspace_first::reorder(std::env::args_os().collect());
        Self::try_parse_from(args).unwrap_or_else(|mut error| {
            if let (ErrorKind::UnknownArgument, Some(ContextValue::String(argument))) =
                (error.kind(), error.get(ContextKind::InvalidArg))
                && !argument.starts_with('-')
            {
                let tip = match Self::command().find_subcommand(argument) {
                    Some(_) => {
                        format!("options come after the subcommand: paude {argument} [OPTIONS]")
                    }
                    None => format!("to run a command, put `--` before it: paude -- {argument}"),
                };
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
            error.exit()
        })
    }
}

/// The subcommands of `paude`.
// Deferred, because clap would build the options of all of them at each start.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Action {
    /// Run a command, or a shell, in a container over the project (the default)
    #[command(after_long_help = examples::RUN)]
    Run(RunArgs),
    /// Run a command, or a shell, in the running session of the project
    #[command(after_long_help = examples::EXEC)]
    Exec(ExecArgs),
    /// Start a session that stays, for `paude exec`
    ///
    /// Its setup runs once, with its output shown. Then paude stays in the background until
    /// `paude down`.
    #[command(after_long_help = examples::UP)]
    Up(Box<UpArgs>),
    /// End the session that stays
    #[command(after_long_help = examples::DOWN)]
    Down(DownArgs),
    /// List the running sessions of the project
    #[command(after_long_help = examples::PS)]
    Ps(PsArgs),
    /// Show what is shared and what is hidden, and why; run nothing
    #[command(after_long_help = examples::PLAN)]
    Plan(PlanArgs),
    /// Write the plan as a file for another tool, which then runs the container without paude
    #[command(after_long_help = examples::EXPORT)]
    Export(Box<ExportArgs>),
    /// Prove on this project that host and container each keep a working environment
    ///
    /// Runs the Python of the project's own environments on this machine, before and after a
    /// container in which a new environment is created. The setup is not run.
    #[command(after_long_help = examples::VERIFY)]
    Verify(Box<VerifyArgs>),
    /// Check the engines, this machine and the project, and show how to fix what is wrong
    #[command(after_long_help = examples::DOCTOR)]
    Doctor(Box<DoctorArgs>),
    /// Write a paude.json to start from, and say what it was made from
    #[command(after_long_help = examples::INIT)]
    Init(InitArgs),
    /// List and remove the environments and caches that are kept
    #[command(subcommand, after_long_help = examples::VOLUMES)]
    Volumes(VolumesAction),
    /// List and remove the images that are built from projects
    #[command(subcommand, after_long_help = examples::IMAGES)]
    Images(ImagesAction),
    /// Write, check and compare policies, and pull them from registries
    #[command(subcommand, after_long_help = examples::POLICY)]
    Policy(PolicyAction),
    /// Print the JSON Schema of paude.json, for editors
    #[command(after_long_help = examples::SCHEMA)]
    Schema,
    /// Print a completion script
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each subcommand
    #[command(after_long_help = examples::MAN)]
    Man {
        /// Write the pages of paude and of all subcommands into this directory
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

/// Run a command, or a shell, in a container over the project
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The project and its settings.
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Run the command alone, with no check in the container
    ///
    /// For images without a shell. Nothing then proves in the container that the environments are
    /// hidden.
    #[arg(long, requires = "command", help_heading = CONTAINER)]
    pub(crate) no_guard: bool,
    /// Print the engine command, quoted for a shell, and stop
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) dry_run: bool,
    /// Write to this file, as JSON, what changed in the hidden environments
    ///
    /// Each of them is compared before and after the run. The file should not lie in the project,
    /// where the container can write.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = OUTPUT)]
    pub(crate) receipt: Option<PathBuf>,
    /// Print nothing but errors
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) quiet: bool,
    /// Print more: each environment with its evidence, and the engine command
    #[arg(short, long, conflicts_with = "quiet", help_heading = OUTPUT)]
    pub(crate) verbose: bool,
    /// The command and its arguments; without one, a shell
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// The project directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,
    /// The session, as `paude ps` names it [default: the newest]
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
    /// The command and its arguments; without one, a shell
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// End it when no command has joined it for so long, such as 2h
    #[arg(long, value_name = "TIME")]
    pub(crate) idle: Option<Span>,
    /// End a session that stays already, and start another one
    #[arg(long)]
    pub(crate) renew: bool,
    /// Print nothing but errors and the output of the setup
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) quiet: bool,
    /// What paude starts in the background.
    #[arg(long, hide = true)]
    pub(crate) background: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// The project directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct PsArgs {
    /// The project directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(crate) workspace: PathBuf,
    /// List the sessions of all projects
    #[arg(short, long)]
    pub(crate) all: bool,
    /// The form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = OUTPUT)]
    pub(crate) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// The form of the plan
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = OUTPUT)]
    pub(crate) format: Format,
    /// The command and its arguments; without one, a shell
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = OUTPUT)]
    pub(crate) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The project and its settings.
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Start no container
    ///
    /// Without this option, `true` is run in the image if that is on this machine, for at most 30
    /// seconds.
    #[arg(long, help_heading = CONTAINER)]
    pub(crate) no_run: bool,
    /// The form of the result
    #[arg(long, value_enum, default_value_t = ReportFormat::Text, help_heading = OUTPUT)]
    pub(crate) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The project directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) workspace: PathBuf,
    /// Use the project's devcontainer.json, and add what it leaves open
    #[arg(long)]
    pub(crate) from_devcontainer: bool,
    /// Replace a paude.json that exists
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VolumesAction {
    /// Print the name, state, engine, environment and project of each
    #[command(after_long_help = examples::VOLUMES_LIST)]
    List,
    /// Remove these, unless a session uses them
    #[command(after_long_help = examples::VOLUMES_REMOVE)]
    Remove {
        /// The names that `list` prints
        #[arg(required = true, value_hint = ValueHint::Other)]
        names: Vec<String>,
    },
    /// Remove those whose project or image is gone
    #[command(after_long_help = examples::VOLUMES_PRUNE)]
    Prune,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImagesAction {
    /// Print the name, state, engine, origin and project of each
    #[command(after_long_help = examples::IMAGES_LIST)]
    List,
    /// Remove these, unless a container uses them
    #[command(after_long_help = examples::IMAGES_REMOVE)]
    Remove {
        /// The names that `list` prints
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove those whose project is gone, and forget those that are gone themselves
    #[command(after_long_help = examples::IMAGES_PRUNE)]
    Prune,
}
