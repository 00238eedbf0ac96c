//! The error of a sandbox that did not start.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::error::{Error, exit_code};
use crate::escape::shown_path;

/// The part of the start that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartStep {
    /// Sending and reading the request.
    Request,
    /// Starting the helper process or communicating with it.
    Helper,
    /// Creating the namespaces and mapping ids.
    Namespaces,
    /// Mounting at the error's path.
    Mount,
    /// Dropping privileges.
    Privileges,
    /// Executing the program at the error's path.
    Program,
}

/// Every step; the helper reports a step by its index.
pub(super) const START_STEPS: [StartStep; 6] = [
    StartStep::Request,
    StartStep::Helper,
    StartStep::Namespaces,
    StartStep::Mount,
    StartStep::Privileges,
    StartStep::Program,
];

/// The reason why the command did not start.
#[derive(Debug)]
pub(super) struct NativeError {
    pub(super) step: StartStep,
    /// The file, or the name of the system call or process, that the step failed with.
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

impl NativeError {
    fn action(&self) -> &'static str {
        match self.step {
            StartStep::Request => "cannot read the request for",
            StartStep::Helper => "cannot communicate with",
            StartStep::Namespaces => "cannot create namespaces with",
            StartStep::Mount => "cannot mount at",
            StartStep::Privileges => "cannot drop privileges in",
            StartStep::Program => "cannot execute",
        }
    }

    /// The exit code that a shell gives for a program that cannot be executed; `None` if the
    /// sandbox itself failed.
    pub(super) fn code(&self) -> Option<u8> {
        match (self.step, self.source.kind()) {
            (StartStep::Program, io::ErrorKind::NotFound) => Some(exit_code::NOT_FOUND),
            (StartStep::Program, _) => Some(exit_code::NOT_EXECUTABLE),
            _ => None,
        }
    }

    /// How the user can fix it.
    fn hint(&self) -> Option<&'static str> {
        let set_to = |name: &str, value: &str| {
            fs::read_to_string(Path::new("/proc/sys").join(name)).is_ok_and(|s| s.trim() == value)
        };
        let denied = matches!(self.source.raw_os_error(), Some(libc::EPERM | libc::EACCES));
        match self.source.raw_os_error()? {
            libc::ENOSPC if self.step == StartStep::Namespaces => {
                Some("a limit in /proc/sys/user/max_*_namespaces is reached")
            }
            libc::ENOSYS => Some("Linux 5.12 or newer is needed"),
            _ if denied && set_to("kernel/unprivileged_userns_clone", "0") => {
                Some("set sysctl kernel.unprivileged_userns_clone=1")
            }
            _ if denied && set_to("kernel/apparmor_restrict_unprivileged_userns", "1") => {
                Some("AppArmor denies user namespaces to paude: it needs a profile with `userns`")
            }
            _ if denied && self.path == Path::new("/proc") => Some(
                "an outer container covers parts of /proc, or /proc is mounted with unusual \
                 access-time options: start the container with `unmask=ALL` (podman) or \
                 `systempaths=unconfined` (docker)",
            ),
            _ if denied && self.step == StartStep::Namespaces => {
                Some("a seccomp filter, such as an outer container's, may forbid `unshare`")
            }
            _ => None,
        }
    }
}

impl From<NativeError> for Error {
    fn from(error: NativeError) -> Self {
        let what = format!("{} `{}`: {}", error.action(), shown_path(&error.path), error.source);
        let failed = Self::failed(format!("the native engine {what}"));
        match error.hint() {
            Some(hint) => failed.hint(hint),
            None => failed,
        }
    }
}

/// Adds the step and the path to an I/O error.
pub(super) trait At<T> {
    fn at(self, step: StartStep, path: impl AsRef<Path>) -> Result<T, NativeError>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, step: StartStep, path: impl AsRef<Path>) -> Result<T, NativeError> {
        self.map_err(|e| NativeError { step, path: path.as_ref().into(), source: e.into() })
    }
}
