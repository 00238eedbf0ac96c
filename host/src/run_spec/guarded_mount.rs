//! A mount point as the guard and the mount monitor look for it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::plan::{Further, Plan};
use crate::workspace::Identity;

/// A mount that is checked before, and monitored while, the command runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GuardedMount {
    /// The mount point in the container.
    pub(crate) path: PathBuf,
    /// The mount point as `/proc/self/mountinfo` spells it.
    pub(crate) mountinfo_path: OsString,
}

impl GuardedMount {
    /// The mount at a path of the container.
    pub(crate) fn new(path: &Path) -> Self {
        Self { mountinfo_path: escape_for_mountinfo(path), path: path.to_owned() }
    }

    /// The mounts of a plan's shadows, in their order.
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        plan.all_shadows().map(|shadow| Self::new(shadow.target().as_path())).collect()
    }
}

/// A directory shared besides the project, which the guard checks before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardedDirectory {
    /// Where it is mounted.
    pub(crate) mount: GuardedMount,
    /// How the guard recognises it.
    pub(crate) identity: Identity,
    /// Whether it has to be read-only.
    pub(crate) read_only: bool,
}

impl GuardedDirectory {
    /// The further directories of a plan, in their order.
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let guarded = |further: &Further| Self {
            mount: GuardedMount::new(further.plan.target().as_path()),
            identity: further.identity.clone(),
            read_only: further.read_only,
        };
        plan.further().iter().map(guarded).collect()
    }
}

/// Escapes space, tab, newline and backslash in octal, as `proc(5)` documents it.
fn escape_for_mountinfo(path: &Path) -> OsString {
    let mut escaped = Vec::with_capacity(path.as_os_str().len());
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => escaped.extend(format!("\\{byte:03o}").bytes()),
            _ => escaped.push(byte),
        }
    }
    OsString::from_vec(escaped)
}
