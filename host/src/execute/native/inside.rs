//! The helper and process 1 of the sandbox; see the parent module.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{self, Command};

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Pid, Signal, WaitOptions};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::error::{At, NativeError, StartStep};
use super::{HELPER, mounts};
use crate::render::Sandbox;
use crate::unsafe_calls::{
    close_on_exec, fork, ignore_sigttou, raise_loopback, start_in_foreground, unshare,
};

/// Runs the helper and, after the fork, process 1; returns only on an error.
pub(super) fn run_helper(mut requests: fs::File, report: &mut fs::File) -> Result<(), NativeError> {
    close_on_exec().at(StartStep::Helper, HELPER)?;
    unshare(
        UnshareFlags::NEWUSER | UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC,
    )
    .at(StartStep::Namespaces, "unshare")?;
    report.write_all(b"unshared\0").at(StartStep::Helper, HELPER)?;
    let mut request = Vec::new();
    requests.read_to_end(&mut request).at(StartStep::Helper, HELPER)?;
    let sandbox: Sandbox = serde_json::from_slice(&request).at(StartStep::Request, HELPER)?;
    let (group, in_foreground) = (rustix::process::getpgrp(), in_foreground());
    let Some(child) = fork().at(StartStep::Namespaces, "fork")? else {
        return run_init(&sandbox, in_foreground, report);
    };
    // Leaves the terminal's foreground group, as Ctrl-C must not end the helper. (Process 1 of
    // a namespace ignores it anyway.)
    let _ = rustix::process::setpgid(None, None);
    wait_for_child(child);
    if in_foreground {
        take_terminal_back(group);
    }
    process::exit(0)
}

/// Whether stdin is a terminal with this process in its foreground.
pub(super) fn in_foreground() -> bool {
    let group = rustix::process::getpgrp();
    rustix::termios::tcgetpgrp(rustix::stdio::stdin()) == Ok(group)
}

/// Waits until a child has ended.
pub(super) fn wait_for_child(child: Pid) {
    while matches!(rustix::process::waitpid(Some(child), WaitOptions::empty()), Err(Errno::INTR)) {}
}

/// Runs process 1: sets up the mounts, drops privileges, starts the command, reaps, and
/// reports how the command ended.
fn run_init(
    sandbox: &Sandbox,
    in_foreground: bool,
    report: &mut fs::File,
) -> Result<(), NativeError> {
    die_with_parent().at(StartStep::Helper, HELPER)?;
    // This /proc is still the host's, and so is the number in it.
    let host_pid = fs::read_link("/proc/self").at(StartStep::Mount, "/proc")?;
    if sandbox.no_network {
        unshare(UnshareFlags::NEWNET).at(StartStep::Namespaces, "unshare")?;
        raise_loopback().at(StartStep::Namespaces, "the loopback interface")?;
    }
    mounts::set_up(sandbox)?;
    rustix::process::chdir(&sandbox.workspace).at(StartStep::Mount, &sandbox.workspace)?;
    drop_privileges().at(StartStep::Privileges, "init")?;
    let (program, arguments) =
        sandbox.argv.split_first().ok_or(io::ErrorKind::InvalidInput).at(StartStep::Request, "")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(sandbox.env.iter().map(|(name, value)| (name, value)));
    if in_foreground {
        // paude's own group has no number in this namespace, so a shell could not give the
        // terminal back to it.
        start_in_foreground(&mut command);
    }
    let command = Pid::from_child(&command.spawn().at(StartStep::Program, program)?);
    // Fails if paude has ended meanwhile; then the sandbox must not go on.
    report
        .write_all(&[b"started", host_pid.as_os_str().as_bytes(), b""].join(&0))
        .at(StartStep::Helper, HELPER)?;
    loop {
        match rustix::process::wait(WaitOptions::UNTRACED) {
            // After Ctrl-Z paude stops as well, and continues the command when it is continued.
            Ok(Some((pid, status))) if pid == command && status.stopped() => {
                report.write_all(b"stopped\0").at(StartStep::Helper, HELPER)?;
            }
            Ok(Some((pid, status))) if pid == command => {
                report
                    .write_all(format!("{}\0", status.as_raw()).as_bytes())
                    .at(StartStep::Helper, HELPER)?;
                process::exit(0) // the kernel kills every other process of the namespace
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(e).at(StartStep::Helper, "wait"),
        }
    }
}

/// Returns the terminal from the command's process group, which has ended, to paude's group.
/// Otherwise a script that called paude could no longer read from the terminal.
pub(super) fn take_terminal_back(group: Pid) {
    let terminal = rustix::stdio::stdin();
    let holder = rustix::termios::tcgetpgrp(terminal);
    if holder.is_ok_and(|h| rustix::process::test_kill_process_group(h) == Err(Errno::SRCH)) {
        ignore_sigttou();
        let _ = rustix::termios::tcsetpgrp(terminal, group);
    }
}

/// Drops capabilities: all of them for other users than root, with the next `exec`. Root keeps
/// those for files and ids; without CAP_SYS_ADMIN it cannot undo the mounts, and the kernel locks
/// them in any user namespace that it creates.
pub(super) fn drop_privileges() -> io::Result<()> {
    let kept = CapabilitySet::CHOWN
        | CapabilitySet::DAC_OVERRIDE
        | CapabilitySet::FOWNER
        | CapabilitySet::FSETID
        | CapabilitySet::KILL
        | CapabilitySet::SETFCAP // needed to map id 0 into a user namespace
        | CapabilitySet::SETGID
        | CapabilitySet::SETUID;
    for capability in
        (0..64).map(|n| CapabilitySet::from_bits_retain(1 << n)).filter(|c| !kept.contains(*c))
    {
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Err(Errno::INVAL) => break, // beyond the last one that this kernel knows
            result => result?,
        }
    }
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: kept, permitted: kept, inheritable: none },
    )?;
    rustix::thread::set_no_new_privs(true)?;
    // The command must not trace this process, which still has open the descriptors that paude
    // inherited from its parents.
    Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

pub(super) fn die_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}
