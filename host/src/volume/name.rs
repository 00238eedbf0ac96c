//! The names of volumes, and the identities that they depend on.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::plan::Shadow;
use crate::run_spec::RunSpec;
use crate::session;
use crate::value::hashed_name;
use crate::workspace::Workspace;

/// `paude-` and a hash of everything that the content depends on: user, project, environment,
/// engine, image (which determines Python and platform), container user, and the engine's
/// arguments, which may change the latter two. JSON keeps the parts apart, whatever they hold.
pub(super) fn volume_name(
    workspace: &Workspace,
    shadow: &Shadow,
    image: &str,
    spec: &RunSpec,
) -> Result<String> {
    let uid = rustix::process::geteuid().as_raw();
    let path = workspace.path().as_path().as_os_str().as_bytes();
    let engine = spec.engine;
    let container_user = format!("{:?}", spec.user);
    let arguments = if engine == Engine::Native { &[][..] } else { &spec.engine_args };
    let parts =
        (uid, path, session::workspace_identity(workspace)?, shadow.path().as_str(), engine, image);
    let target = shadow.target().as_os_str().as_bytes();
    let bytes = serde_json::to_vec(&(parts, target, container_user, arguments))
        .map_err(|error| Error::failed(format!("cannot name a volume: {error}")))?;
    Ok(hashed_name(&bytes))
}

/// The same for the cache of a project: user, project, engine, container user and the engine's
/// arguments. It outlives the image.
pub(super) fn cache_name(workspace: &Workspace, spec: &RunSpec) -> Result<String> {
    let uid = rustix::process::geteuid().as_raw();
    let path = workspace.path().as_path().as_os_str().as_bytes();
    let container_user = format!("{:?}", spec.user);
    let arguments = if spec.engine == Engine::Native { &[][..] } else { &spec.engine_args };
    let parts = (
        uid,
        path,
        session::workspace_identity(workspace)?,
        spec.engine,
        container_user,
        arguments,
    );
    let bytes = serde_json::to_vec(&("cache", parts))
        .map_err(|error| Error::failed(format!("cannot name a cache: {error}")))?;
    Ok(hashed_name(&bytes))
}

/// The architecture and the `python3` of this machine, which for the built-in engine take the
/// place of an image's id.
#[expect(clippy::disallowed_methods, reason = "the interpreter is found by PATH")]
pub(super) fn machine_id() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join("python3"));
    let python = candidates.find_map(|file| std::fs::canonicalize(file).ok());
    format!("{}:{}", std::env::consts::ARCH, python.unwrap_or_else(PathBuf::new).display())
}

/// Whether the interpreter in a [`machine_id`] still exists here. It need not be the first on
/// PATH, which differs between shells.
pub(super) fn is_on_this_machine(machine_id: &str) -> bool {
    let (architecture, python) = machine_id.split_once(':').unwrap_or((machine_id, ""));
    architecture == std::env::consts::ARCH && (python.is_empty() || Path::new(python).exists())
}
