//! Images without a shell.

use super::ask::ask;
use crate::error::{Error, Exit, Result};
use crate::escape::shown;
use crate::render::{Engine, Job};

/// What shells and engines end with if a program is not there.
const NOT_FOUND: u8 = 127;

/// After a run that ended so, tells a command that is not there from a shell that is not:
/// then nothing was started, and engines put that in words of their own.
pub(super) fn look_for(engine: Engine, job: &Job, exit: Exit) -> Result<()> {
    if job.unguarded || exit.code() != NOT_FOUND {
        return Ok(());
    }
    let mut args = vec!["run", "--rm", "--pull=never", "--network=none", "--entrypoint", "/bin/sh"];
    args.extend(job.engine_args.iter().map(String::as_str));
    args.extend([job.image.as_str(), "-c", ":"]);
    let answer = ask(engine.to_string(), &args);
    let said = answer.stderr.to_lowercase();
    let missing = ["no such file", "not found"].iter().any(|words| said.contains(words));
    if answer.ok || !said.contains("/bin/sh") || !missing {
        return Ok(());
    }
    let image = shown(&job.image);
    Err(Error::failed(format!(
        "the image `{image}` has no /bin/sh, by which paude proves in the container that \
         environments are hidden"
    ))
    .hint("take an image with a shell, or --no-guard to go without that proof"))
}
