//! Whole runs: what paude adds to the engine's own time.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::measure::{format_ms, medians};
use super::program::Programs;
use super::table::{Limit, Row};
use super::trees;
use crate::checkout::Checkout;
use crate::prepare::{Lane, TEST_IMAGE};
use crate::process::{self, report, run_captured};

/// Measured runs of a container.
const ROUNDS: usize = 15;
/// Measured runs of the native engine.
const NATIVE_ROUNDS: usize = 60;

pub(super) fn measure(
    checkout: &Checkout,
    programs: &Programs,
    lanes: &[Lane],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let dir = checkout.root.join("target/bench");
    let project = trees::project(&dir, 1)?;
    for lane in lanes {
        match (lane.name, &lane.why) {
            ("podman" | "docker" | "native", Some(why)) => {
                report(format!("skipped: {}: {why}", lane.name));
            }
            ("podman" | "docker", None) => {
                rows.push(measure_container(programs, lane, &project)?);
            }
            ("native", None) => measure_native(programs, &dir, rows)?,
            _ => {}
        }
    }
    Ok(())
}

/// A run, compared with the very command that `--dry-run` prints.
fn measure_container(programs: &Programs, lane: &Lane, project: &Path) -> Result<Row> {
    report(format!("measuring --engine {} -- true", lane.name));
    let run = |more: &[&str]| {
        let mut command = programs.paude();
        command.args(["run", "--quiet", "--engine", lane.name, "--image", TEST_IMAGE]).args(more);
        command.arg("-C").arg(project).args(["--", "true"]).envs(&lane.env);
        command
    };
    let line = run_captured(&mut run(&["--dry-run"]))?;
    let mut engine = shell(&format!("exec {line}"));
    engine.envs(&lane.env);
    let times = medians(ROUNDS, [run(&[]), engine])?;
    let name = format!("run --engine {} -- true", lane.name);
    Ok(Row::extra_ms((&name, "the command of --dry-run"), times, 10.0))
}

/// The built-in engine, compared with bwrap, and by the number of its shadows.
fn measure_native(programs: &Programs, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    report("measuring --engine native -- true");
    let one = trees::project(dir, 1)?;
    if process::which("bwrap").is_some() {
        let [_, bwrap] = bwrap_commands(programs, &one, "true")?;
        let times = medians(NATIVE_ROUNDS, [native_run(programs, &one), bwrap])?;
        let names = ("--engine native -- true", "bwrap, the same mounts");
        rows.push(Row::extra_ms(names, times, 10.0));

        let ten = trees::project(dir, 10)?;
        let commands = bwrap_commands(programs, &ten, "/bin/sh -c '/bin/sh -c :; true'")?;
        let times = medians(NATIVE_ROUNDS, commands)?;
        let names = ("guard of ten shadows, before and after a setup", "the same without");
        rows.push(Row::extra_ms(names, times, 10.0));
    }
    rows.push(measure_shadows(programs, dir)?);
    Ok(())
}

/// The time of each shadow must not grow with their number.
fn measure_shadows(programs: &Programs, dir: &Path) -> Result<Row> {
    let run =
        |shadows| Ok::<_, anyhow::Error>(native_run(programs, &trees::project(dir, shadows)?));
    let times = medians(ROUNDS, [run(1)?, run(10)?, run(100)?, run(500)?])?;
    let [one, _, hundred, five_hundred] = times;
    let names = ("each shadow of 500, native", "each of 100");
    let each = [(five_hundred.saturating_sub(hundred)) / 400, hundred.saturating_sub(one) / 99];
    let details = times.map(format_ms).join(", ");
    Ok(Row { details, ..Row::ratio(names, each, Some(Limit::AtMost(1.1))) })
}

fn native_run(programs: &Programs, project: &Path) -> Command {
    let mut command = programs.paude();
    command.args(["--quiet", "--engine", "native", "--setup", ":", "-C"]).arg(project);
    command.args(["--", "true"]);
    command
}

/// The bwrap command that does what the built-in engine does, and one with the same mounts that runs only `script`.
fn bwrap_commands(programs: &Programs, project: &Path, script: &str) -> Result<[Command; 2]> {
    let mut plan = programs.paude();
    plan.args(["plan", "--format", "native", "--setup", ":", "-C"]).arg(project);
    let line = run_captured(plan.args(["--", "true"]))?;
    let words = shlex::split(&line).context("the bwrap command has an unbalanced quote")?;
    let end = words.iter().position(|word| word == "--");
    let mounts = &words[..end.context("the bwrap command has no `--`")?];
    let mounts = shlex::try_join(mounts.iter().map(String::as_str))?;
    Ok([shell(&format!("exec {line}")), shell(&format!("exec {mounts} -- {script}"))])
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}
