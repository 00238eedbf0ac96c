//! Handing signals on to what runs in the sandbox.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::engine::signals::Watched;

/// How often a signal is tried again while there is nothing yet to take it.
const RETRY: Duration = Duration::from_millis(20);

/// Hands on each signal that was sent to paude alone. What the terminal sends (Ctrl-C) has
/// reached the whole foreground group, and the command with it; but a hang-up reaches the
/// leader of a session alone, which paude may be.
pub(super) fn forward(init: u32, mut signals: Watched) {
    let handle = signals.handle();
    for Origin { signal, cause, .. } in signals.forever() {
        if cause == Cause::Kernel && signal != SIGHUP {
            continue;
        }
        while !handle.is_closed() && !deliver(init, signal) {
            std::thread::sleep(RETRY);
        }
    }
}

/// Sends to what the script in the sandbox runs, as [`crate::engine::signals`] says it.
/// Returns false if that runs nothing yet.
fn deliver(init: u32, signal: i32) -> bool {
    let Some(&script) = children(init).first() else { return false };
    // First the script: it may be about to start the command, and shall not.
    send(script, signal);
    let commands = children(script);
    // A child that still has the script's own words is between fork and exec, where what
    // it is told gets lost.
    let words = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).ok();
    if commands.first().is_none_or(|&command| words(command) == words(script)) {
        return false;
    }
    let reached = if signal == SIGTERM { commands } else { below(script) };
    for pid in reached {
        send(pid, signal);
        // Interactive shells ignore SIGTERM; what they obey is the loss of their terminal.
        if signal == SIGTERM && rustix::termios::isatty(rustix::stdio::stdin()) {
            send(pid, SIGHUP);
        }
    }
    true
}

/// Stops paude's own process group, as Ctrl-Z would have had the command been in it,
/// and lets the command go on when somebody lets paude go on.
pub(super) fn stop_with(init: u32) -> std::io::Result<()> {
    let terminal = rustix::stdio::stdin();
    let own = rustix::process::getpgrp();
    crate::unsafe_calls::ignore_sigttou();
    let _ = rustix::termios::tcsetpgrp(terminal, own);
    rustix::process::kill_process_group(own, Signal::STOP)?;
    // Here, somebody has said `fg` or `bg`.
    let Some(script) = children(init).first().and_then(|pid| Pid::from_raw(pid.cast_signed()))
    else {
        return Ok(());
    };
    if rustix::termios::tcgetpgrp(terminal) == Ok(own) {
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

/// All processes below one.
fn below(pid: u32) -> Vec<u32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    text.unwrap_or_default().split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
