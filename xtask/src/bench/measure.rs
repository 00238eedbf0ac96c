//! Wall time of processes, one after the other in turn, so that whatever else the machine
//! does meets all of them alike.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::process;

/// Runs each command so many times in turn, after a warm-up, and returns their medians.
pub(super) fn medians<const N: usize>(
    rounds: usize,
    mut commands: [Command; N],
) -> Result<[Duration; N]> {
    let mut times = [const { Vec::new() }; N];
    let warm_up = rounds.div_ceil(10);
    for round in 0..rounds + warm_up {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            let time = once(command)?;
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

/// From before the process is started until after it has ended.
fn once(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status();
    let took = began.elapsed();
    let status = status.with_context(|| format!("cannot start `{}`", process::show(command)))?;
    ensure!(status.success(), "`{}` ended with {status}", process::show(command));
    Ok(took)
}

/// Peak resident memory in bytes, as the program `time` tells it; `None` without that.
pub(super) fn peak(command: &Command) -> Result<Option<u64>> {
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
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let kib: u64 = said.trim().parse().with_context(|| format!("what is `{said}`?"))?;
    Ok(Some(kib << 10))
}
