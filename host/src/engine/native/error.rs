//! Why a sandbox did not start.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::Error;
use crate::escape::shown_path;

/// Which part of the start failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Reading the request.
    Request,
    /// Starting or talking to the helper process.
    Helper,
    /// Creating the namespaces and mapping the caller's ids.
    Namespaces,
    /// Mounting at this path.
    Mount,
    /// Giving up privileges.
    Privileges,
    /// Executing this program: not found (127), not executable (126).
    Program,
}
pub(super) const STEPS: [Step; 6] =
    [Step::Request, Step::Helper, Step::Namespaces, Step::Mount, Step::Privileges, Step::Program];

/// The command did not start.
#[derive(Debug)]
pub(crate) struct NativeError {
    /// What was being done.
    pub(super) step: Step,
    /// With which path.
    pub(super) path: PathBuf,
    /// Why it failed.
    pub(super) source: io::Error,
}

impl NativeError {
    fn doing(&self) -> &'static str {
        match self.step {
            Step::Request => "cannot read the request for",
            Step::Helper => "cannot talk to",
            Step::Namespaces => "cannot create namespaces with",
            Step::Mount => "cannot mount at",
            Step::Privileges => "cannot give up privileges in",
            Step::Program => "cannot execute",
        }
    }

    /// The code that a shell gives for a program that cannot be executed.
    pub(super) fn code(&self) -> Option<u8> {
        match (self.step, self.source.kind()) {
            (Step::Program, io::ErrorKind::NotFound) => Some(127),
            (Step::Program, _) => Some(126),
            _ => None,
        }
    }

    /// What the person may do about it.
    fn hint(&self) -> Option<&'static str> {
        let set_to = |name: &str, value: &str| {
            fs::read_to_string(Path::new("/proc/sys").join(name)).is_ok_and(|s| s.trim() == value)
        };
        let denied = matches!(self.source.raw_os_error(), Some(libc::EPERM | libc::EACCES));
        match self.source.raw_os_error()? {
            libc::ENOSPC if self.step == Step::Namespaces => {
                Some("a limit in /proc/sys/user/max_*_namespaces is reached")
            }
            libc::ENOSYS => Some("Linux 5.12 or newer is needed"),
            _ if denied && set_to("kernel/unprivileged_userns_clone", "0") => {
                Some("set sysctl kernel.unprivileged_userns_clone=1")
            }
            _ if denied && set_to("kernel/apparmor_restrict_unprivileged_userns", "1") => {
                Some("AppArmor keeps user namespaces from paude: it needs a profile with `userns`")
            }
            _ if denied && self.path == Path::new("/proc") => Some(
                "an outer container covers parts of /proc, or /proc is mounted with other access-time options than usual: start the container with `unmask=ALL` (podman) or `systempaths=unconfined` (docker)",
            ),
            _ if denied && self.step == Step::Namespaces => {
                Some("a seccomp filter, as of an outer container, may forbid `unshare`")
            }
            _ => None,
        }
    }
}

impl From<NativeError> for Error {
    fn from(error: NativeError) -> Self {
        let what = format!("{} `{}`: {}", error.doing(), shown_path(&error.path), error.source);
        let failed = Self::failed(format!("the native engine {what}"));
        match error.hint() {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    }
}

/// Says at which step, and with which path, an I/O error happened.
pub(super) trait At<T> {
    fn at(self, step: Step, path: impl AsRef<Path>) -> Result<T, NativeError>;
}
impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, step: Step, path: impl AsRef<Path>) -> Result<T, NativeError> {
        self.map_err(|e| NativeError { step, path: path.as_ref().into(), source: e.into() })
    }
}
