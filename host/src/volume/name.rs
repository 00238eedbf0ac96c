//! What a volume is called.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::plan::Shadow;
use crate::render::{Engine, Job};
use crate::session;
use crate::value::Sha256;
use crate::workspace::Workspace;

/// How many digits of the hash a name has.
const DIGITS: usize = 32;

/// A hash of all that the content is bound to: person, project, environment, engine,
/// image (which stands for its Python and platform), user, and the engine's arguments,
/// which may choose other ones. JSON keeps the parts apart, whatever is in them.
pub(super) fn of(
    workspace: &Workspace,
    shadow: &Shadow,
    engine: Engine,
    image: &str,
    job: &Job,
) -> Result<String> {
    let person = rustix::process::geteuid().as_raw();
    let place = workspace.path().as_path().as_os_str().as_bytes();
    let user = format!("{:?}", job.user);
    let arguments = if engine == Engine::Native { &[][..] } else { &job.engine_args };
    let all = (person, place, identity(workspace)?, shadow.path().as_str(), engine, image);
    let bytes = serde_json::to_vec(&(all, shadow.target().as_os_str().as_bytes(), user, arguments))
        .map_err(|error| Error::failed(format!("cannot name a volume: {error}")))?;
    let hash = Sha256::of(&bytes).to_string();
    Ok(format!("paude-{}", &hash[..DIGITS]))
}

/// Whether a text has the form of a name.
pub(super) fn is_one(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let hash = text.strip_prefix("paude-");
    hash.is_some_and(|hash| hash.len() == DIGITS && hash.bytes().all(plain))
}

/// Tells a project's directory from a later one at its place.
pub(super) fn identity(workspace: &Workspace) -> Result<String> {
    let data = workspace.dir().dir_metadata();
    data.map(|data| session::identity(&data))
        .map_err(|error| Error::failed(format!("cannot look at the workspace: {error}")))
}

/// Whether a machine's interpreter, as [`machine`] told it, is still there. Which one comes
/// first on PATH differs from shell to shell.
pub(super) fn is_here(machine: &str) -> bool {
    let (kind, python) = machine.split_once(':').unwrap_or((machine, ""));
    kind == std::env::consts::ARCH && (python.is_empty() || std::path::Path::new(python).exists())
}

/// In the place of an image's id: the interpreter of this machine, and its kind.
#[expect(clippy::disallowed_methods, reason = "the interpreter is found by PATH")]
pub(super) fn machine() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut pythons = std::env::split_paths(&path).map(|dir| dir.join("python3"));
    let python = pythons.find_map(|file| std::fs::canonicalize(file).ok());
    format!("{}:{}", std::env::consts::ARCH, python.unwrap_or_else(PathBuf::new).display())
}
