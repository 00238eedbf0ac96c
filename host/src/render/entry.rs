//! The arguments of the script that is the container's first process.

use std::ffi::OsString;

use super::Job;
use crate::plan::Plan;

/// Proves the shadows, runs the setup, proves them again, runs the command.
pub(super) const SCRIPT: &str = include_str!("entry.sh");

/// The program that runs [`SCRIPT`].
pub(super) const SHELL: &str = "/bin/sh";

/// The arguments of [`SHELL`].
pub(super) fn args(plan: &Plan, job: &Job) -> Vec<OsString> {
    let primary = plan.primary().filter(|shadow| !shadow.target().divides_path());
    let primary = primary.map(|shadow| shadow.target().as_os_str().to_owned());
    let mut args: Vec<OsString> = vec![
        "-c".into(),
        SCRIPT.into(),
        "paude".into(),
        job.setup.as_deref().unwrap_or_default().into(),
        primary.unwrap_or_default(),
        if job.volumes.is_empty() { "tmpfs" } else { "volume" }.into(),
        job.guarded.len().to_string().into(),
    ];
    for guarded in &job.guarded {
        args.push(guarded.path.clone().into());
        args.push(guarded.spelling.clone());
    }
    args.extend(job.command.iter().cloned());
    args
}
