//! The process that this executable becomes for a sandbox, and for a command that joins one.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::{env, fs, process};

use super::error::{At as _, NativeError, START_STEPS, StartStep};
use super::{HELPER, inside, joined};
use crate::error::exit_code;

/// See [`crate::execute::become_helper_if_requested`].
pub(in crate::execute) fn become_helper_if_requested() {
    let args: Vec<_> = env::args_os().collect();
    let [name, requests, report, parent, pidfd @ ..] = args.as_slice() else {
        return;
    };
    if name != HELPER || pidfd.len() > 1 {
        return;
    }
    let descriptor = |number: &OsStr| Path::new("/proc/self/fd").join(number);
    let requests = fs::File::open(descriptor(requests));
    let report = fs::OpenOptions::new().write(true).open(descriptor(report));
    let (Ok(requests), Ok(mut report)) = (requests, report) else {
        process::exit(exit_code::FAILED.into())
    };
    let ran = stay_with_parent(parent).and_then(|()| match pidfd.first() {
        Some(pidfd) => joined::run_helper(requests, &mut report, pidfd),
        None => inside::run_helper(requests, &mut report),
    });
    if let Err(e) = ran {
        let step = START_STEPS.iter().position(|s| *s == e.step).unwrap_or(1).to_string();
        let errno = e.source.raw_os_error().unwrap_or(libc::EIO).to_string();
        let fields = [step.as_bytes(), e.path.as_os_str().as_bytes(), errno.as_bytes(), b""];
        let _ = report.write_all(&fields.join(&0));
    }
    process::exit(exit_code::FAILED.into())
}

/// Has the helper end with paude.
fn stay_with_parent(parent: &OsStr) -> Result<(), NativeError> {
    let _ = rustix::thread::set_name(c"paude"); // otherwise `ps` would show "exe"
    inside::die_with_parent().at(StartStep::Helper, HELPER)?;
    if rustix::process::getppid().map(|p| p.to_string()).as_deref().map(OsStr::new) != Some(parent)
    {
        process::exit(exit_code::FAILED.into()); // paude ended before the line above
    }
    Ok(())
}
