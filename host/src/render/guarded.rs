//! A mount point as a guard knows it.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use crate::plan::Plan;

/// A shadow that is proved before, and watched while, the command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Its mount point in the container.
    pub path: PathBuf,
    /// The same as `/proc/self/mountinfo` spells it.
    pub spelling: OsString,
}

impl Guarded {
    /// Every shadow of a plan.
    pub fn all(plan: &Plan) -> Vec<Self> {
        let paths = plan.shadows().iter().map(|shadow| shadow.target().as_path().to_owned());
        paths.map(|path| Self { spelling: spelling(&path), path }).collect()
    }
}

/// `proc(5)` names what is spelled in octal: space, tab, newline and backslash.
fn spelling(path: &std::path::Path) -> OsString {
    let mut spelled = Vec::with_capacity(path.as_os_str().len());
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => spelled.extend(format!("\\{byte:03o}").bytes()),
            _ => spelled.push(byte),
        }
    }
    OsString::from_vec(spelled)
}
