//! Joining a session: what `paude exec` adds to the engine's own time, and what it saves.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::measure::medians;
use super::program::Programs;
use super::table::{Limit, Row};
use super::trees;
use crate::checkout::Checkout;
use crate::prepare::{Lane, TEST_IMAGE};
use crate::process::{self, report, run_captured};

/// Measured commands in a container.
const ROUNDS: usize = 40;
/// Measured commands in a sandbox.
const NATIVE_ROUNDS: usize = 60;
/// Measured rounds of twenty commands.
const SIDE_BY_SIDE_ROUNDS: usize = 5;
/// A setup that takes as long as that of a small project.
const SETUP: &str = "python3 -m venv .venv";

pub(super) fn measure(
    checkout: &Checkout,
    programs: &Programs,
    lanes: &[Lane],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let project = trees::project(&checkout.root.join("target/bench"), 1)?;
    for lane in lanes {
        let is_measured = ["podman", "docker", "native"].contains(&lane.name);
        if is_measured && lane.why.is_none() {
            report(format!("measuring paude exec in a session of {}", lane.name));
            let session = Session { programs, lane, project: &project };
            session.up()?;
            let measured = session.measure(rows);
            let ended = process::run(&mut session.paude(&["down"], &[]));
            measured?;
            ensure!(ended? == 0, "`paude down` failed");
        }
    }
    measure_keeping(programs, &project, rows)
}

/// A session that stays.
struct Session<'s> {
    programs: &'s Programs,
    lane: &'s Lane,
    project: &'s Path,
}

impl Session<'_> {
    /// A subcommand of paude on the project.
    fn paude(&self, subcommand: &[&str], more: &[&str]) -> Command {
        let mut command = self.programs.paude();
        command.args(subcommand).arg("-C").arg(self.project).args(more).envs(&self.lane.env);
        command
    }

    /// The options of the engine.
    fn options(&self) -> Vec<&str> {
        let mut options = vec!["--quiet", "--engine", self.lane.name, "--setup", SETUP];
        if self.lane.name != "native" {
            options.extend(["--image", TEST_IMAGE]);
        }
        options
    }

    fn up(&self) -> Result<()> {
        let code = process::run(&mut self.paude(&["up"], &self.options()))?;
        ensure!(code == 0, "`paude up` failed");
        Ok(())
    }

    fn measure(&self, rows: &mut Vec<Row>) -> Result<()> {
        let exec = |command: &[&str]| self.paude(&["exec"], &[&["--"], command].concat());
        let name = |what: &str| format!("exec -- {what}, {}", self.lane.name);
        if self.lane.name == "native" {
            let mut version = self.programs.paude();
            version.arg("--version");
            let times = medians(NATIVE_ROUNDS, [exec(&["true"]), version])?;
            let most = Some(Limit::AtMost(3.0));
            rows.push(Row::ratio((&name("true"), "paude --version"), times, most));
        } else {
            let container = self.container()?;
            let mut bare = Command::new(self.lane.name);
            bare.args(["exec", &container, "true"]).envs(&self.lane.env);
            let times = medians(ROUNDS, [exec(&["true"]), bare])?;
            let baseline = format!("the bare {} exec", self.lane.name);
            rows.push(Row::extra_ms((&name("true"), &baseline), times, 10.0));
        }
        let python = ["python3", "-c", "pass"];
        let run = self.paude(&["run"], &[&self.options()[..], &["--"], &python].concat());
        let times = medians(ROUNDS, [exec(&python), run])?;
        let names = (name("python3 -c pass"), "paude run with the setup");
        rows.push(Row::ratio((&names.0, names.1), times, Some(Limit::AtMost(0.1))));
        rows.push(self.side_by_side()?);
        Ok(())
    }

    /// The name of the session's container.
    fn container(&self) -> Result<String> {
        let list = run_captured(&mut self.paude(&["ps"], &[]))?;
        let name = list.split_whitespace().next().context("`paude ps` lists no session")?;
        Ok(name.to_owned())
    }

    /// Twenty commands at once, none of which may fail, and which must not take longer than one after the other.
    fn side_by_side(&self) -> Result<Row> {
        let exec = self.paude(&["exec"], &["--", "true"]);
        let line = process::format_command(&exec);
        let shell = |script: String| {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(script);
            for (name, value) in exec.get_envs() {
                match value {
                    Some(value) => shell.env(name, value),
                    None => shell.env_remove(name),
                };
            }
            shell
        };
        let at_once = format!(
            "for n in $(seq 20); do {line} & all=\"$all $!\"; done; \
             for one in $all; do wait $one || exit 1; done"
        );
        let in_turn = format!("for n in $(seq 20); do {line} || exit 1; done");
        let times = medians(SIDE_BY_SIDE_ROUNDS, [shell(at_once), shell(in_turn)])?;
        let name = format!("20 exec side by side, {}", self.lane.name);
        Ok(Row::ratio((&name, "one after the other"), times, Some(Limit::AtMost(1.0))))
    }
}

/// What `up`, `ps` and `down` take, with the built-in engine, where all of it is paude's own time.
fn measure_keeping(programs: &Programs, project: &Path, rows: &mut Vec<Row>) -> Result<()> {
    report("measuring paude up, ps and down");
    let paude = |args: &[&str]| {
        let mut command = programs.paude();
        command.args(args).arg("-C").arg(project);
        command
    };
    let up = paude(&["up", "--quiet", "--engine", "native", "--setup", ":"]);
    let mut version = programs.paude();
    version.arg("--version");
    // In this order, so that each round begins without a session.
    let commands = [up, paude(&["ps"]), paude(&["down"]), version];
    let [up, ps, down, version] = medians(NATIVE_ROUNDS, commands)?;
    for (name, time) in [("up, native", up), ("ps, native", ps), ("down, native", down)] {
        rows.push(Row::extra_ms((name, "paude --version"), [time, version], 50.0));
    }
    Ok(())
}
