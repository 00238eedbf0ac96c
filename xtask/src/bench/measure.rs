//! Wall time and peak memory of processes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::process;

/// Runs each command this many times, in turn and after a warm-up, and returns the medians. Taking turns spreads the
/// effects of other load over all commands.
pub(super) fn medians<const N: usize>(
    rounds: usize,
    mut commands: [Command; N],
) -> Result<[Duration; N]> {
    let mut times = [const { Vec::new() }; N];
    let warm_up = rounds.div_ceil(10);
    for round in 0..rounds + warm_up {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            let time = time_once(command)?;
            if round >= warm_up {
                times.push(time);
            }
        }
    }
    Ok(times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    }))
}

/// The time from before a process is started until after it has exited.
fn time_once(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // cargo sets it, and a program would look for each of its libraries in cargo's directories first.
    command.env_remove("LD_LIBRARY_PATH");
    let began = Instant::now();
    let status = command.status();
    let took = began.elapsed();
    let shown = process::format_command(command);
    let status = status.with_context(|| format!("cannot start `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(took)
}

/// Peak resident memory in bytes, as reported by the program `time`; `None` if that is not installed.
pub(super) fn peak_memory(command: &Command) -> Result<Option<u64>> {
    let Some(time) = process::which("time") else { return Ok(None) };
    let mut timed = Command::new(time);
    timed.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(name, value),
            None => timed.env_remove(name),
        };
    }
    let output = timed.stdin(Stdio::null()).stdout(Stdio::null()).output()?;
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    let kib: u64 = printed.trim().parse().with_context(|| format!("`time` printed `{printed}`"))?;
    Ok(Some(kib << 10))
}

pub(super) fn to_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(super) fn format_ms(time: Duration) -> String {
    format!("{:.2} ms", to_ms(time))
}
