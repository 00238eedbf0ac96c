//! Whole runs: what paude adds to the engine's own time.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::measure::medians;
use super::plan::{ms, shown};
use super::program::Programs;
use super::report::Row;
use super::trees;
use crate::place::Place;
use crate::process::{self, quietly, say};

const ROUNDS: usize = 15;
const NATIVE_ROUNDS: usize = 60;

/// What of `setup.json` is used here.
#[derive(Deserialize)]
struct Setup {
    image: String,
    lanes: Vec<Lane>,
}

#[derive(Deserialize)]
struct Lane {
    name: String,
    env: BTreeMap<String, String>,
    why: Option<String>,
}

pub(super) fn measure(
    place: &Place,
    programs: &Programs,
    setup: &Path,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let setup: Setup = serde_json::from_slice(&std::fs::read(setup)?)?;
    let dir = place.root.join("target/bench");
    let project = trees::project(&dir, 1)?;
    for lane in setup.lanes {
        match (&*lane.name, &lane.why) {
            ("podman" | "docker" | "native", Some(why)) => {
                say(format!("{} is left out: {why}", lane.name));
            }
            ("podman" | "docker", None) => {
                rows.push(container(place, programs, &lane, &setup.image, &project)?);
            }
            ("native", None) => native(place, programs, &dir, rows)?,
            _ => {}
        }
    }
    Ok(())
}

/// A run, against the very command that `--dry-run` prints.
fn container(
    place: &Place,
    programs: &Programs,
    lane: &Lane,
    image: &str,
    project: &Path,
) -> Result<Row> {
    say(format!("measuring --engine {} -- true", lane.name));
    let run = |more: &[&str]| {
        let mut command = programs.paude(place);
        command.args(["run", "--quiet", "--engine", &lane.name, "--image", image]).args(more);
        command.arg("-C").arg(project).args(["--", "true"]).envs(&lane.env);
        command
    };
    let line = quietly(&mut run(&["--dry-run"]))?;
    let mut without = Command::new("/bin/sh");
    without.arg("-c").arg(format!("exec {line}")).envs(&lane.env);
    let [ours, engine] = medians(ROUNDS, [run(&[]), without])?;
    let names = (format!("run --engine {} -- true", lane.name), "the command of --dry-run");
    let numbers = format!("{} against {}", shown(ours), shown(engine));
    let values = (ms(ours) - ms(engine), 10.0, "ms more");
    Ok(Row::at_most((&names.0, names.1), values, numbers))
}

/// The built-in engine against bwrap, and by the number of its shadows.
fn native(place: &Place, programs: &Programs, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    say("measuring --engine native -- true");
    let run = |project: &Path| {
        let mut command = programs.paude(place);
        command.args(["--quiet", "--engine", "native", "--setup", ":", "-C"]).arg(project);
        command.args(["--", "true"]);
        command
    };
    let one = trees::project(dir, 1)?;
    if process::which("bwrap").is_some() {
        let [_, bwrap] = bwrap_of(place, programs, &one, "true")?;
        let [ours, bwrap] = medians(NATIVE_ROUNDS, [run(&one), bwrap])?;
        let numbers = format!("{} against {}", shown(ours), shown(bwrap));
        let values = (ms(ours) - ms(bwrap), 10.0, "ms more");
        let names = ("--engine native -- true", "bwrap, the same mounts");
        rows.push(Row::at_most(names, values, numbers));

        let ten = trees::project(dir, 10)?;
        let commands = bwrap_of(place, programs, &ten, "/bin/sh -c '/bin/sh -c :; true'")?;
        let [ours, without] = medians(NATIVE_ROUNDS, commands)?;
        let names = ("guard of ten shadows, before and after a setup", "the same without");
        let numbers = format!("{} against {}", shown(ours), shown(without));
        rows.push(Row::at_most(names, (ms(ours) - ms(without), 10.0, "ms more"), numbers));
    }
    let projects = [1, 10, 100, 500].map(|shadows| trees::project(dir, shadows));
    let mut commands = Vec::new();
    for project in projects {
        commands.push(run(&project?));
    }
    let commands: [Command; 4] = commands.try_into().map_err(|_| anyhow::anyhow!("four"))?;
    let times = medians(ROUNDS, commands)?;
    let each =
        |more: usize, less: usize, shadows: f64| (ms(times[more]) - ms(times[less])) / shadows;
    let numbers = times.map(shown).join(", ");
    let values = (each(3, 2, 400.0) / each(2, 0, 99.0), 1.3, "times");
    let names = ("each shadow of 500, native", "each of 100");
    rows.push(Row::at_most(names, values, numbers));
    Ok(())
}

/// The bwrap command that does what the built-in engine does, and one with the same mounts
/// that runs only this.
fn bwrap_of(
    place: &Place,
    programs: &Programs,
    project: &Path,
    only: &str,
) -> Result<[Command; 2]> {
    let mut plan = programs.paude(place);
    plan.args(["plan", "--format", "native", "--setup", ":", "-C"]).arg(project);
    let line = quietly(plan.args(["--", "true"]))?;
    let (mounts, _) = line.split_once(" -- ").context("the bwrap command has no `--`")?;
    let shell = |line: String| {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(line);
        command
    };
    Ok([shell(format!("exec {line}")), shell(format!("exec {mounts} -- {only}"))])
}
