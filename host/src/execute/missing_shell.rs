//! Explains the failure of a run whose image has no shell.

use crate::engine::query;
use crate::error::{Error, Exit, Result, exit_code};
use crate::escape::shown;
use crate::run_spec::RunSpec;

/// Returns an error if a run that ended with 127 did so because the image has no `/bin/sh`.
///
/// Engines use the same exit code for that as a shell does for a missing command, so the shell
/// alone is tried in another container.
pub(super) fn explain(spec: &RunSpec, exit: Exit) -> Result<()> {
    if spec.unguarded || exit.code() != exit_code::NOT_FOUND {
        return Ok(());
    }
    let mut args = vec!["run", "--rm", "--pull=never", "--network=none", "--entrypoint", "/bin/sh"];
    args.extend(spec.engine_args.iter().map(String::as_str));
    args.extend([spec.image.as_str(), "-c", ":"]);
    let output = query(spec.engine.program(), &args);
    let message = output.stderr.to_lowercase();
    let missing = ["no such file", "not found"].iter().any(|text| message.contains(text));
    if output.ok || !message.contains("/bin/sh") || !missing {
        return Ok(());
    }
    let image = shown(&spec.image);
    Err(Error::failed(format!(
        "the image `{image}` has no /bin/sh, which paude needs to prove in the container that \
         environments are hidden"
    ))
    .hint("use an image with a shell, or --no-guard to run without that proof"))
}
