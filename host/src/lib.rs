//! `paude` runs a command in a container over a project, with every Python virtual environment of
//! the host hidden behind an empty, writable directory.
//!
//! A run goes through these stages; each arrow is one function, and each name one type.
//! `docs/architecture.md` describes them.
//!
//! ```text
//! arguments -> Cli [cli] -> Workspace [workspace] -> Config (+ paude.json) [config]
//!           -> policies: detect, plan [policy] -> RawPlan, untrusted -> Plan, checked [plan]
//!           -> RunSpec [run_spec] -> Rendered [render] -> RunOutcome [execute] -> Exit [error]
//! ```
//!
//! The modules:
//!
//! - `bounded_read`: reads any file up to a limit
//! - `cli`: the types of the command line
//! - `commands`: the subcommands, which call the stages in order
//! - `config`: the settings of both files and the command line, merged
//! - `deadline`: the limit on the time of the policies and the check
//! - `devcontainer`: what paude takes from a devcontainer.json
//! - `doctor`: the diagnosis of engines, machine and project
//! - `engine`: the engines, the choice of one, and queries to their clients
//! - `error`: the error type and the exit codes
//! - `escape`: escapes untrusted text for a terminal
//! - `execute`: runs what was rendered, and monitors its mounts and signals
//! - `export`: a plan as a file that another tool carries out
//! - `fingerprint`: records a directory tree, to be compared with a later one
//! - `git_directory`: the git directory of a worktree or submodule
//! - `home`: the user's own directories
//! - `image`: builds an image from a Dockerfile of the project, or installs packages over one
//! - `init`: the settings that fit the files of a project
//! - `json_line`: writes the JSON documents
//! - `path`: the types of paths on the host, in the workspace and in the container
//! - `plan`: checks what policies return; what follows it meets no untrusted value
//! - `policy`: runs policies in their sandbox, and merges their results
//! - `policy_store`: the policies that were pulled from registries
//! - `project_python`: the Python that a project means
//! - `properties`: the properties that `cargo test` and the fuzz targets share
//! - `receipt`: compares the hidden environments before and after a run
//! - `record_store`: the records of volumes and images in the state directory, and their locks
//! - `registry`: fetches policies from OCI registries
//! - `render`: translates a plan into the command of an engine
//! - `run_spec`: what is to run, besides the plan
//! - `session`: creates mount points, and removes what a killed run left
//! - `testing`: hostile text, and parsers of the engines' syntax, for the properties
//! - `timeout`: waits for a program with a timeout
//! - `unsafe_calls`: all unsafe code
//! - `value`: the types of settings
//! - `verify`: the checklist of `paude verify`
//! - `volume`: the volumes that keep an environment for the next run
//! - `whole_file`: writes a file that a user asks for
//! - `wit`: the bindings of the interface to policies
//! - `workspace`: the project directory, through which everything in it is read

mod bounded_read;
pub mod cli;
pub mod commands;
pub mod config;
pub mod deadline;
mod devcontainer;
mod doctor;
pub mod engine;
pub mod error;
mod escape;
pub mod execute;
mod export;
pub mod fingerprint;
mod git_directory;
mod home;
mod image;
mod init;
mod json_line;
mod path;
pub mod plan;
pub mod policy;
mod policy_store;
mod project_python;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod properties;
mod receipt;
mod record_store;
mod registry;
pub mod render;
pub mod run_spec;
mod session;
#[cfg(any(test, fuzzing))]
mod testing;
mod timeout;
mod unsafe_calls;
mod value;
mod verify;
mod volume;
mod whole_file;
mod wit;
pub mod workspace;
