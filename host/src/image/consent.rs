//! The user's consent to a build: its instructions come with the project, and an engine runs them
//! with more power than a container has.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::store::ImageStore;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::value::BuildConsent;

/// What is to be built.
pub(super) struct Request<'r> {
    pub(super) engine: Engine,
    /// A few words about it.
    pub(super) title: &'r str,
    /// What else the settings say, one line each.
    pub(super) details: &'r [String],
    /// The hash of the instructions.
    pub(super) hash: &'r str,
}

/// Fails unless the user allows the build. Asks where there is a terminal, and remembers a yes.
pub(super) fn obtain(
    consent: BuildConsent,
    request: &Request<'_>,
    store: &ImageStore,
) -> Result<()> {
    let Request { engine, title, hash, .. } = request;
    let refused = |why: &str| Error::failed(format!("no image is built from {title}: {why}"));
    match consent {
        BuildConsent::Allow => return Ok(()),
        BuildConsent::Never => {
            return Err(refused("`builds` is \"never\"")
                .hint("--no-build runs the image without it; --builds allow builds it"));
        }
        BuildConsent::Ask if store.is_allowed(hash) => return Ok(()),
        BuildConsent::Ask => {}
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(refused(&format!(
            "{engine} would run instructions that come with the project, and there is no terminal \
             to ask on (sha256 {hash})"
        ))
        .hint("read them, then allow it: --builds allow, or \"builds\": \"allow\" in your config.json"));
    }
    match ask(request) {
        Ok(true) => store.allow(hash),
        Ok(false) => {
            Err(refused("you did not allow it").hint("--no-build runs the image without it"))
        }
        Err(error) => Err(refused(&format!("the answer cannot be read: {error}"))),
    }
}

/// Asks on the terminal. Anything but yes is a no.
fn ask(request: &Request<'_>) -> io::Result<bool> {
    let Request { engine, title, details, hash } = request;
    let mut stderr = io::stderr();
    writeln!(stderr, "An image is to be built from {title}, which comes with the project.")?;
    for line in details.iter() {
        writeln!(stderr, "  {line}")?;
    }
    writeln!(
        stderr,
        "{engine} runs its instructions, with what the project has by then (sha256 {hash})."
    )?;
    write!(stderr, "Build it, now and as long as the instructions stay the same? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}
