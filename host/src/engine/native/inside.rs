//! What happens in the helper and in process 1 of the sandbox; see the parent module.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{self, Command};
use std::{env, fs};

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Pid, Signal, WaitOptions};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::error::{At, NativeError, STEPS, Step};
use super::{HELPER, mounts};
use crate::render::Sandbox;
use crate::unsafe_calls::{close_on_exec, fork, ignore_sigttou, start_in_front, unshare};

/// The first thing in `main`: becomes the helper if this process was started as one, and then does not return.
pub(crate) fn take_over() {
    let args: Vec<_> = env::args_os().collect();
    let [name, requests, report, parent] = args.as_slice() else {
        return;
    };
    if name != HELPER {
        return;
    }
    let own = |n: &OsStr| Path::new("/proc/self/fd").join(n);
    let (requests, report) =
        (fs::File::open(own(requests)), fs::OpenOptions::new().write(true).open(own(report)));
    let (Ok(requests), Ok(mut report)) = (requests, report) else { process::exit(125) };
    if let Err(e) = supervise(requests, &mut report, parent) {
        let step = STEPS.iter().position(|s| *s == e.step).unwrap_or(1).to_string();
        let errno = e.source.raw_os_error().unwrap_or(libc::EIO).to_string();
        let fields = [step.as_bytes(), e.path.as_os_str().as_bytes(), errno.as_bytes(), b""];
        let _ = report.write_all(&fields.join(&0));
    }
    process::exit(125)
}

/// The helper, and below the fork also process 1.
fn supervise(
    mut requests: fs::File,
    report: &mut fs::File,
    parent: &OsStr,
) -> Result<(), NativeError> {
    let _ = rustix::thread::set_name(c"paude"); // else `ps` would show "exe"
    close_on_exec().at(Step::Helper, HELPER)?;
    die_with_parent().at(Step::Helper, HELPER)?;
    if rustix::process::getppid().map(|p| p.to_string()).as_deref().map(OsStr::new) != Some(parent)
    {
        process::exit(125); // paude ended before the line above
    }
    unshare(
        UnshareFlags::NEWUSER | UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC,
    )
    .at(Step::Namespaces, "unshare")?;
    report.write_all(b"unshared\0").at(Step::Helper, HELPER)?;
    let mut request = Vec::new();
    requests.read_to_end(&mut request).at(Step::Helper, HELPER)?;
    let sandbox: Sandbox = serde_json::from_slice(&request).at(Step::Request, HELPER)?;
    let group = rustix::process::getpgrp();
    let in_front = rustix::termios::tcgetpgrp(rustix::stdio::stdin()) == Ok(group);
    let Some(child) = fork().at(Step::Namespaces, "fork")? else {
        return init(&sandbox, in_front, report);
    };
    // Out of the terminal's foreground group: Ctrl-C is for the command. (Process 1 is immune to it by nature.)
    let _ = rustix::process::setpgid(None, None);
    while matches!(rustix::process::waitpid(Some(child), WaitOptions::empty()), Err(Errno::INTR)) {}
    if in_front {
        take_terminal_back(group);
    }
    process::exit(0)
}

/// Process 1: lays out, gives up its privileges, starts the command, reaps, and reports how the command ended.
fn init(sandbox: &Sandbox, in_front: bool, report: &mut fs::File) -> Result<(), NativeError> {
    die_with_parent().at(Step::Helper, HELPER)?;
    let own = fs::read_link("/proc/self").at(Step::Mount, "/proc")?; // still the host's /proc: the host's number
    mounts::lay_out(sandbox)?;
    rustix::process::chdir(&sandbox.workspace).at(Step::Mount, &sandbox.workspace)?;
    drop_privileges().at(Step::Privileges, "init")?;
    let (program, arguments) =
        sandbox.argv.split_first().ok_or(io::ErrorKind::InvalidInput).at(Step::Request, "")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(sandbox.env.iter().map(|(name, value)| (name, value)));
    if in_front {
        // paude's own group has no number in here: a shell could not give the terminal
        // back to it.
        start_in_front(&mut command);
    }
    let command = Pid::from_child(&command.spawn().at(Step::Program, program)?);
    // Fails if paude has ended meanwhile, and then nothing may go on.
    report
        .write_all(&[b"started", own.as_os_str().as_bytes(), b""].join(&0))
        .at(Step::Helper, HELPER)?;
    loop {
        match rustix::process::wait(WaitOptions::UNTRACED) {
            // Ctrl-Z: paude stops as well, and wakes it when woken itself.
            Ok(Some((pid, status))) if pid == command && status.stopped() => {
                report.write_all(b"stopped\0").at(Step::Helper, HELPER)?;
            }
            Ok(Some((pid, status))) if pid == command => {
                report
                    .write_all(format!("{}\0", status.as_raw()).as_bytes())
                    .at(Step::Helper, HELPER)?;
                process::exit(0) // the kernel ends what else is left in here
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e).at(Step::Helper, "wait"),
        }
    }
}

/// The command's group held the terminal and is gone. Unless taken back, a script which
/// called paude could no longer read what is typed.
fn take_terminal_back(group: Pid) {
    let terminal = rustix::stdio::stdin();
    let holder = rustix::termios::tcgetpgrp(terminal);
    if holder.is_ok_and(|h| rustix::process::test_kill_process_group(h) == Err(Errno::SRCH)) {
        ignore_sigttou();
        let _ = rustix::termios::tcsetpgrp(terminal, group);
    }
}

/// Others than root lose all capabilities with the next `exec`. Root keeps what concerns files and ids; without
/// CAP_SYS_ADMIN it cannot undo the mounts, and a user namespace it makes gets them locked.
fn drop_privileges() -> io::Result<()> {
    let keep = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::KILL
        | CapabilitySet::SETFCAP // mapping id 0 into a user namespace asks for it
        | CapabilitySet::SETGID
        | CapabilitySet::SETUID;
    for capability in
        (0..64).map(|n| CapabilitySet::from_bits_retain(1 << n)).filter(|c| !keep.contains(*c))
    {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Err(Errno::INVAL) => break, // past the last one this kernel knows
            done => done?,
        }
    }
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: keep, permitted: keep, inheritable: none },
    )?;
    rustix::thread::set_no_new_privs(true)?;
    // Not to be traced by the command: descriptors which paude inherited from its parents are still open in here.
    Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}
