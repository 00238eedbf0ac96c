//! Joining a running sandbox: the same three processes as for a sandbox of its own, but the
//! helper enters namespaces that exist, and the supervisor in place of process 1 only runs the
//! command and ends what that started. The helper is a copy of paude, which has no threads yet: to
//! execute a program of this size takes a millisecond, a third of it all.
//!
//! The sandbox is entered by a pidfd. That it is the recorded one is the kernel's word: process 1
//! started when the record says, belongs to this user, and is the parent of the process that the
//! pidfd names, whose mount namespace has the shadows.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::{self, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions};
use rustix::thread::ThreadNameSpaceType as Namespaces;

use super::error::{At as _, NativeError, StartStep};
use super::inside::{drop_privileges, in_foreground, take_terminal_back, wait_for_child};
use super::{HELPER, RunningSandbox, helper, parse_number, processes};
use crate::error::{Error, Exit, Result, exit_code};
use crate::execute::join::{Join, JoinEnd};
use crate::execute::mount_monitor::{MountMonitor, process_directory};
use crate::execute::process_id::{ProcessId, children};
use crate::execute::signals::{SignalStream, handled_signals};
use crate::unsafe_calls::{close_on_exec, end_with_parent, fork, start_in_foreground};

/// How long a sandbox may take to end after its script, and how often that is looked at.
const ENDING: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(10);

/// Each kind of namespace, by its name in `/proc/PID/ns`.
const KINDS: [(&str, Namespaces); 7] = [
    ("user", Namespaces::USER),
    ("mnt", Namespaces::MOUNT),
    ("pid", Namespaces::PROCESS_ID),
    ("ipc", Namespaces::INTER_PROCESS_COMMUNICATION),
    ("net", Namespaces::NETWORK),
    ("uts", Namespaces::HOST_NAME_AND_NIS_DOMAIN_NAME),
    ("cgroup", Namespaces::CONTROL_GROUP),
];

/// What the helper is to do.
#[derive(Debug)]
struct JoinRequest {
    /// The namespaces to enter, as `setns(2)` takes them.
    namespaces: Namespaces,
    directory: OsString,
    /// All variables of the command, but `VIRTUAL_ENV`.
    env: Vec<(OsString, OsString)>,
    /// The environment on PATH; empty if there is none.
    environment: OsString,
    /// Empty for a shell.
    argv: Vec<OsString>,
}

/// Runs a command in the sandbox to its end, forwarding signals.
pub(in crate::execute) fn run(join: &Join<'_>, signals: SignalStream) -> Result<JoinEnd> {
    let no_process = || Error::failed("the session has no process that can be joined");
    let Some(init) = join.init else { return Err(no_process()) };
    let ended = |error: Error| match init.is_running() {
        true => Err(error),
        false => Ok(JoinEnd::SessionEnded),
    };
    let (pidfd, request) = match prove(join, init) {
        Ok(Some(proved)) => proved,
        Ok(None) if has_ended(init) => return Ok(JoinEnd::SessionEnded),
        Ok(None) => return Err(no_process()),
        Err(error) => return ended(error),
    };
    let mut running = match spawn(&pidfd, &request) {
        Ok(running) => running,
        Err(error) => match error.code().filter(|_| init.is_running()) {
            Some(code) => {
                let _ = writeln!(io::stderr(), "{}", Error::from(error).report());
                return Ok(JoinEnd::Command(Exit::Command(code)));
            }
            None if has_ended(init) => return Ok(JoinEnd::SessionEnded),
            None => return Err(error.into()),
        },
    };
    let supervisor = running.init;
    crate::execute::spawn_thread(move || processes::forward_joined(supervisor, signals))?;
    let exit = running
        .wait()
        .map_err(|error| Error::failed(format!("lost contact with the command: {error}")))?;
    let killed = i32::from(exit_code::SIGNAL) + libc::SIGKILL;
    match i32::from(exit.code()) == killed && !init.is_running() {
        true => Ok(JoinEnd::SessionEnded),
        false => Ok(JoinEnd::Command(exit)),
    }
}

/// Whether the sandbox has ended, or ends soon: its script has.
fn has_ended(init: ProcessId) -> bool {
    let began = Instant::now();
    while init.is_running() {
        if began.elapsed() > ENDING {
            return false;
        }
        std::thread::sleep(INTERVAL);
    }
    true
}

/// The pidfd of the sandbox's script, once it is proved, and the request to join it; `None` if
/// there is no script any more.
fn prove(join: &Join<'_>, init: ProcessId) -> Result<Option<(OwnedFd, JoinRequest)>> {
    let Some(&script) = init.children().first() else { return Ok(None) };
    let (Some(id), Some(pid)) = (ProcessId::of(script), Pid::from_raw(script.cast_signed())) else {
        return Ok(None);
    };
    let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return Ok(None) };
    // After the pidfd: what is read now is about the process that it names.
    if id.parent() != Some(init.pid.into()) || !init.is_running() {
        return Ok(None);
    }
    if init.user() != Some(rustix::process::geteuid().as_raw()) {
        return Err(Error::failed("the session belongs to another user"));
    }
    let monitor = MountMonitor(join.guarded.to_vec());
    let mounts = process_directory(script).and_then(|directory| monitor.find_lost(&directory));
    let Some(lost) = mounts else { return Ok(None) };
    if let Some(path) = lost {
        return Err(MountMonitor::not_mounted(&path));
    }
    let namespaces = differing_namespaces(script);
    if !namespaces.contains(Namespaces::USER | Namespaces::MOUNT | Namespaces::PROCESS_ID) {
        return Ok(None);
    }
    let Ok(environment) = fs::read(format!("/proc/{script}/environ")) else { return Ok(None) };
    let request = JoinRequest {
        namespaces,
        directory: join.target.to_owned(),
        env: variables(&environment, join.on_path),
        environment: split_on_path(join.on_path).0.to_owned(),
        argv: with_variables(join),
    };
    Ok(Some((pidfd, request)))
}

/// The command, by way of a shell if variables have to be set by one.
fn with_variables(join: &Join<'_>) -> Vec<OsString> {
    const SCRIPT: &str = "eval \"$1\" || exit; shift; exec \"$@\"";
    let mut argv = join.command.to_vec();
    if !join.variables.is_empty() {
        if argv.is_empty() {
            argv.push("/bin/sh".into());
        }
        let shell = ["/bin/sh", "-c", SCRIPT, "paude", join.variables].map(OsString::from);
        argv.splice(..0, shell);
    }
    argv
}

/// The kinds of namespaces in which a process differs from this one.
fn differing_namespaces(pid: u32) -> Namespaces {
    let link = |pid: &str, kind: &str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok();
    let differs = |kind: &str| {
        let theirs = link(&pid.to_string(), kind);
        theirs.is_some() && theirs != link("self", kind)
    };
    KINDS.iter().filter(|(name, _)| differs(name)).map(|(_, kind)| *kind).collect()
}

/// The environment of [`Join::on_path`], and the directories that follow it.
fn split_on_path(on_path: &OsStr) -> (&OsStr, &OsStr) {
    let bytes = on_path.as_bytes();
    let at = bytes.iter().position(|&byte| byte == b':').unwrap_or(bytes.len());
    let programs = bytes.get(at + 1..).unwrap_or_default();
    (OsStr::from_bytes(&bytes[..at]), OsStr::from_bytes(programs))
}

/// The variables of the sandbox's script with what it adds to them for the command; see
/// `render/command.sh`. The terminal's type is this one's.
fn variables(script: &[u8], on_path: &OsStr) -> Vec<(OsString, OsString)> {
    let pairs = script.split(|&byte| byte == 0).filter_map(|pair| {
        let at = pair.iter().position(|&byte| byte == b'=')?;
        Some((OsString::from_vec(pair[..at].into()), OsString::from_vec(pair[at + 1..].into())))
    });
    let mut variables: Vec<(OsString, OsString)> = pairs.collect();
    let get = |variables: &[(OsString, OsString)], name: &str| {
        let found = variables.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.clone())
    };
    let set = |variables: &mut Vec<(OsString, OsString)>, name: &str, value: OsString| {
        variables.retain(|(own, _)| own != name);
        variables.push((name.into(), value));
    };
    if get(&variables, "UV_LINK_MODE").is_none() {
        set(&mut variables, "UV_LINK_MODE", "copy".into());
    }
    if get(&variables, "HOME").is_none_or(|home| home.is_empty() || home == "/") {
        set(&mut variables, "HOME", "/tmp".into());
    }
    let [user, login] =
        ["USER", "LOGNAME"].map(|name| get(&variables, name).filter(|value| !value.is_empty()));
    if (user.is_none() || login.is_none()) && is_unknown_user() {
        let user = user.or_else(|| login.clone()).unwrap_or_else(|| "paude".into());
        set(&mut variables, "LOGNAME", login.unwrap_or_else(|| user.clone()));
        set(&mut variables, "USER", user);
    }
    let (environment, programs) = split_on_path(on_path);
    let mut bin = environment.to_owned();
    if !environment.is_empty() {
        bin.push("/bin");
    }
    for dirs in [programs, &bin] {
        if !dirs.is_empty() {
            let mut path = dirs.to_owned();
            path.push(":");
            path.push(get(&variables, "PATH").unwrap_or_default());
            set(&mut variables, "PATH", path);
        }
    }
    if let Some(terminal) = std::env::var_os("TERM") {
        set(&mut variables, "TERM", terminal);
    }
    variables
}

/// Whether no line of `/etc/passwd` is about this user, as `render/command.sh` asks.
fn is_unknown_user() -> bool {
    let own = rustix::process::geteuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    !users.lines().any(|line| line.split(':').nth(2) == Some(own.as_str()))
}

/// Starts the command; returns once it has been executed.
fn spawn(pidfd: &OwnedFd, request: &JoinRequest) -> Result<RunningSandbox, NativeError> {
    let (requests, to_helper) = io::pipe().at(StartStep::Helper, HELPER)?;
    let (from_helper, report) = io::pipe().at(StartStep::Helper, HELPER)?;
    let threads = fs::read_dir("/proc/self/task").at(StartStep::Helper, HELPER)?.count();
    assert_eq!(threads, 1, "no thread is started before the command");
    let paude = rustix::process::getpid();
    let Some(helper) = fork().at(StartStep::Helper, HELPER)? else {
        drop((to_helper, from_helper));
        let run = || run_helper(paude, requests, &report, pidfd, request);
        // Nothing of the copy may go on as paude.
        let ran = panic::catch_unwind(AssertUnwindSafe(run));
        helper::end(ran.unwrap_or(Ok(())), &report)
    };
    drop((requests, report));
    // The end of this pipe is how the supervisor learns that paude has ended, however it ends.
    let mut running = RunningSandbox::new(helper, from_helper, Some(to_helper));
    running.expect_report(b"started")?;
    let supervisor = running.read_field().at(StartStep::Helper, HELPER)?;
    running.init = parse_number(&supervisor).unwrap_or(0);
    Ok(running)
}

/// Runs the helper and, after the fork, the supervisor; returns only on an error.
fn run_helper(
    paude: Pid,
    paude_runs: io::PipeReader,
    report: &io::PipeWriter,
    pidfd: &OwnedFd,
    request: &JoinRequest,
) -> Result<(), NativeError> {
    helper::stay_with_parent(Some(paude))?;
    close_on_exec().at(StartStep::Helper, HELPER)?;
    let foreground = in_foreground();
    let group = rustix::process::getpgrp();
    // It still shows the host's numbers, also from inside the sandbox.
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let host_proc = rustix::fs::open("/proc", flags, rustix::fs::Mode::empty())
        .at(StartStep::Namespaces, "/proc")?;
    // The command must not trace this process, which has paude's descriptors.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .at(StartStep::Privileges, "prctl")?;
    rustix::thread::move_into_thread_name_spaces(pidfd.as_fd(), request.namespaces)
        .at(StartStep::Namespaces, "setns")?;
    // Its end is how the supervisor learns that this process was killed.
    let (helper_ends, helper_runs) = io::pipe().at(StartStep::Helper, HELPER)?;
    let Some(child) = fork().at(StartStep::Namespaces, "fork")? else {
        drop(helper_runs);
        return supervise(request, &host_proc, foreground, [paude_runs, helper_ends], report);
    };
    drop((paude_runs, host_proc, helper_ends));
    let _ = rustix::process::setpgid(None, None);
    wait_for_child(child);
    drop(helper_runs);
    if foreground {
        take_terminal_back(group);
    }
    process::exit(0)
}

/// Runs the command, and reports how it ended once nothing of what it started is left. Ends it as
/// soon as one of the lifelines does.
fn supervise(
    request: &JoinRequest,
    host_proc: &OwnedFd,
    foreground: bool,
    lifelines: [io::PipeReader; 2],
    mut report: &io::PipeWriter,
) -> Result<(), NativeError> {
    let host_pid =
        rustix::fs::readlinkat(host_proc, "self", Vec::new()).at(StartStep::Namespaces, "/proc")?;
    // What the terminal sends to the whole group is for the command; a handler is not inherited.
    for signal in handled_signals() {
        let _ = signal_hook::flag::register(signal, Arc::default());
    }
    let own = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(own)).at(StartStep::Helper, HELPER)?;
    rustix::process::chdir(&request.directory).at(StartStep::Mount, &request.directory)?;
    drop_privileges().at(StartStep::Privileges, "supervisor")?;
    let (program, arguments) = command_of(request);
    let mut command = Command::new(&program);
    command.args(arguments).env_clear().envs(request.env.iter().map(|(name, value)| (name, value)));
    let python = Path::new(&request.environment).join("bin/python");
    if !request.environment.is_empty() && is_executable(&python) {
        command.env("VIRTUAL_ENV", &request.environment);
    }
    end_with_parent(&mut command, Signal::KILL);
    if foreground {
        start_in_foreground(&mut command);
    }
    let command = Pid::from_child(&command.spawn().at(StartStep::Program, &program)?);
    report
        .write_all(&[b"started", host_pid.as_bytes(), b""].join(&0))
        .at(StartStep::Helper, HELPER)?;
    crate::execute::spawn_thread(move || {
        wait_for_either(&lifelines);
        end_descendants();
        process::exit(0)
    })
    .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))
    .at(StartStep::Helper, HELPER)?;
    loop {
        match rustix::process::wait(WaitOptions::UNTRACED) {
            Ok(Some((pid, status))) if pid == command && status.stopped() => {
                report.write_all(b"stopped\0").at(StartStep::Helper, HELPER)?;
            }
            Ok(Some((pid, status))) if pid == command => {
                end_descendants();
                report
                    .write_all(format!("{}\0", status.as_raw()).as_bytes())
                    .at(StartStep::Helper, HELPER)?;
                process::exit(0)
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).at(StartStep::Helper, "wait"),
        }
    }
}

/// Waits until one of the lifelines ends, to which nothing is written.
fn wait_for_either(lifelines: &[io::PipeReader; 2]) {
    let mut ends = lifelines.each_ref().map(|end| PollFd::new(end, PollFlags::empty()));
    while let Err(Errno::INTR) = rustix::event::poll(&mut ends, None) {}
}

/// Kills all that the command started and waits for it. Orphans become this process's children,
/// so that nothing escapes.
fn end_descendants() {
    loop {
        let mut found = children(process::id());
        let mut next = 0;
        while let Some(&pid) = found.get(next) {
            found.extend(children(pid));
            next += 1;
        }
        for pid in found.iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// The command of a request, or the shell that `render/command.sh` would choose.
fn command_of(request: &JoinRequest) -> (OsString, &[OsString]) {
    if let Some((program, arguments)) = request.argv.split_first() {
        return (program.clone(), arguments);
    }
    let own = request.env.iter().find(|(name, _)| name == "SHELL").map(|(_, value)| value.clone());
    let mut shells = own.into_iter().chain(["/bin/bash".into()]);
    let shell = shells.find(|shell| is_executable(Path::new(shell)));
    (shell.unwrap_or_else(|| "/bin/sh".into()), &[])
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}
