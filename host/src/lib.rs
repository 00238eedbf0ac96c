//! `paude` runs a command in a container over a project, with every Python virtual
//! environment of the host hidden behind an empty, writable directory.
//!
//! The parts form a pipe; each arrow is one function, each noun one type:
//!
//! ```text
//! argv -> Cli [cli] -> Workspace [workspace] -> Config (+ paude.json) [config]
//!      -> policy: detect, plan [policy] -> RawPlan -> Plan, checked [plan]
//!      -> Rendered [render] -> engine [engine] -> Exit [error]
//! ```
//!
//! Beside the pipe stands the proof that it did what it should: [`fingerprint`] looks at
//! a tree, [`receipt`] at the hidden ones before and after a run, [`verify`] goes through
//! a list of steps, [`doctor`] looks at the machine.
//!
//! What a policy returns is foreign until [`plan::Plan::check`] has made a
//! [`plan::Plan`] of it. Files are read in few places: the project through
//! [`workspace::Workspace`], the person's settings in `config`, the state directory in
//! [`session`] and [`volume`], an environment behind a link out of the project in [`receipt`].

pub mod cli;
pub mod commands;
pub mod config;
pub mod doctor;
pub mod engine;
pub mod error;
mod escape;
mod file;
pub mod fingerprint;
mod home;
mod job;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod oracle;
pub mod path;
pub mod plan;
pub mod policy;
pub mod receipt;
pub mod render;
pub mod session;
mod unsafe_calls;
pub mod value;
pub mod verify;
pub mod volume;
mod wit;
pub mod workspace;
