//! Signals for the processes in the sandbox.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::execute::process_id::children;
use crate::execute::signals::SignalStream;

/// How long to wait before trying again to deliver a signal.
const RETRY: Duration = Duration::from_millis(20);

/// Forwards each signal that was sent to paude alone.
///
/// A signal from the terminal (Ctrl-C) has reached the whole foreground group and the command
/// with it. SIGHUP is the exception: the kernel sends it to the session leader alone, which
/// paude may be.
pub(super) fn forward(init: u32, signals: SignalStream) {
    forward_by(signals, |signal| {
        children(init).first().is_some_and(|&script| deliver(script, signal))
    });
}

/// The same for a joined command, whose supervisor stands in the script's place.
pub(super) fn forward_joined(supervisor: u32, signals: SignalStream) {
    forward_by(signals, |signal| deliver(supervisor, signal));
}

fn forward_by(mut signals: SignalStream, deliver: impl Fn(i32) -> bool) {
    let handle = signals.handle();
    for Origin { signal, cause, .. } in signals.forever() {
        if cause == Cause::Kernel && signal != SIGHUP {
            continue;
        }
        while !handle.is_closed() && !deliver(signal) {
            std::thread::sleep(RETRY);
        }
    }
}

/// Sends a signal to the children of the sandbox's script, by the rules of
/// [`crate::execute::signals`]. Returns false if the script runs nothing yet.
fn deliver(script: u32, signal: i32) -> bool {
    // The script gets it first, so that it does not start the command afterwards.
    send(script, signal);
    let commands = children(script);
    // A child whose command line still equals the script's is between fork and exec, where a
    // signal would be lost.
    let cmdline = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).ok();
    if commands.first().is_none_or(|&command| cmdline(command) == cmdline(script)) {
        return false;
    }
    let receivers = if signal == SIGTERM { commands } else { descendants(script) };
    for pid in receivers {
        send(pid, signal);
        // Interactive shells ignore SIGTERM, but end when they lose their terminal.
        if signal == SIGTERM && rustix::termios::isatty(rustix::stdio::stdin()) {
            send(pid, SIGHUP);
        }
    }
    true
}

/// Stops paude's own process group, as Ctrl-Z would if the command were in it, and continues
/// the command once paude is continued.
pub(super) fn stop_with(init: u32) -> std::io::Result<()> {
    let terminal = rustix::stdio::stdin();
    let group = rustix::process::getpgrp();
    crate::unsafe_calls::ignore_sigttou();
    let _ = rustix::termios::tcsetpgrp(terminal, group);
    rustix::process::kill_process_group(group, Signal::STOP)?;
    // The shell's `fg` or `bg` has continued paude.
    let Some(script) = children(init).first().and_then(|pid| Pid::from_raw(pid.cast_signed()))
    else {
        return Ok(());
    };
    if rustix::termios::tcgetpgrp(terminal) == Ok(group) {
        let _ = rustix::termios::tcsetpgrp(terminal, script);
    }
    Ok(rustix::process::kill_process_group(script, Signal::CONT)?)
}

fn send(pid: u32, signal: i32) {
    let pid = Pid::from_raw(pid.cast_signed());
    if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) {
        let _ = kill_process(pid, signal);
    }
}

fn descendants(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}
