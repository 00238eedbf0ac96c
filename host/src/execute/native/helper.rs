//! The process that this executable becomes for a sandbox.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::{env, fs, process};

use rustix::process::Pid;

use super::error::{At as _, NativeError, START_STEPS, StartStep};
use super::{HELPER, inside, parse_number};
use crate::error::exit_code;

/// See [`crate::execute::become_helper_if_requested`].
pub(in crate::execute) fn become_helper_if_requested() {
    let args: Vec<_> = env::args_os().collect();
    let [name, requests, report, parent] = args.as_slice() else {
        return;
    };
    if name != HELPER {
        return;
    }
    let descriptor = |number: &OsStr| Path::new("/proc/self/fd").join(number);
    let requests = fs::File::open(descriptor(requests));
    let report = fs::OpenOptions::new().write(true).open(descriptor(report));
    let (Ok(requests), Ok(mut report)) = (requests, report) else {
        process::exit(exit_code::FAILED.into())
    };
    let parent = parse_number(parent.as_bytes()).and_then(Pid::from_raw);
    let ran = stay_with_parent(parent).and_then(|()| inside::run_helper(requests, &mut report));
    end(ran, report)
}

/// Reports why this process could not go on, and ends it.
pub(super) fn end(ran: Result<(), NativeError>, mut report: impl Write) -> ! {
    if let Err(e) = ran {
        let step = START_STEPS.iter().position(|s| *s == e.step).unwrap_or(1).to_string();
        let errno = e.source.raw_os_error().unwrap_or(libc::EIO).to_string();
        let fields = [step.as_bytes(), e.path.as_os_str().as_bytes(), errno.as_bytes(), b""];
        let _ = report.write_all(&fields.join(&0));
    }
    process::exit(exit_code::FAILED.into())
}

/// Has the helper end with paude, its parent.
pub(super) fn stay_with_parent(parent: Option<Pid>) -> Result<(), NativeError> {
    let _ = rustix::thread::set_name(c"paude"); // otherwise `ps` would show "exe"
    inside::die_with_parent().at(StartStep::Helper, HELPER)?;
    if rustix::process::getppid() != parent {
        process::exit(exit_code::FAILED.into()) // paude ended before the line above
    }
    Ok(())
}
