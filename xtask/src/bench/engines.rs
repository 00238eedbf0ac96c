//! Whole runs: what paude adds to the engine's own time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::measure::{format_ms, medians};
use super::program::Programs;
use super::table::{Limit, Row};
use super::trees;
use crate::checkout::Checkout;
use crate::files;
use crate::prepare::{Lane, TEST_IMAGE};
use crate::process::{self, report, run_captured};

/// Measured runs of a container.
const ROUNDS: usize = 40;
/// Measured runs of the native engine.
const NATIVE_ROUNDS: usize = 60;

pub(super) fn measure(
    checkout: &Checkout,
    programs: &Programs,
    lanes: &[Lane],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let dir = checkout.root.join("target/bench");
    for lane in lanes {
        if let Some(why) = &lane.why {
            report(format!("skipped: {}: {why}", lane.name));
            continue;
        }
        let stage = Stage::of(checkout, programs, lane, &dir)?;
        match (lane.engine, &lane.user) {
            ("native", None) => measure_native(programs, &dir, rows)?,
            ("native", Some(_)) => rows.extend(measure_native_as_user(&stage)?),
            _ => rows.push(measure_container(&stage)?),
        }
    }
    Ok(())
}

/// What a lane's user can reach: paude, and a project with one environment.
struct Stage<'l> {
    lane: &'l Lane,
    paude: PathBuf,
    /// A home directory without settings, if the lane's user has none.
    home: Option<PathBuf>,
    project: PathBuf,
}

impl<'l> Stage<'l> {
    /// In the checkout, or where every user may go if the lane has a user of its own.
    fn of(checkout: &Checkout, programs: &Programs, lane: &'l Lane, dir: &Path) -> Result<Self> {
        let Some(user) = &lane.user else {
            let (paude, home) = (programs.paude.clone(), Some(programs.home.clone()));
            return Ok(Self { lane, paude, home, project: trees::project(dir, 1)? });
        };
        let shared = Path::new("/var/cache").join(checkout.key()).join("bench");
        files::create_dir(&shared)?;
        let paude = shared.join("paude");
        let _ = fs::remove_file(&paude);
        fs::copy(&programs.paude, &paude)?;
        let project = trees::project(&shared, 1)?;
        let owner = format!("{}:{}", user.uid, user.gid);
        run_captured(Command::new("chown").arg("-hR").arg(owner).arg(&project))?;
        Ok(Self { lane, paude, home: None, project })
    }

    fn command(&self, program: &Path) -> Result<Command> {
        let program = program.to_str().context("the path of the program is not UTF-8")?;
        let mut command = self.lane.command(program);
        command.env_remove("XDG_STATE_HOME").env_remove("XDG_CACHE_HOME");
        command.env_remove("XDG_CONFIG_HOME");
        command.envs(self.home.as_ref().map(|home| ("HOME", home)));
        Ok(command)
    }

    /// A subcommand of paude about the project.
    fn paude(&self, subcommand: &[&str], more: &[&str]) -> Result<Command> {
        let mut command = self.command(&self.paude)?;
        command.args(subcommand).arg("-C").arg(&self.project).args(more).args(["--", "true"]);
        Ok(command)
    }

    fn shell(&self, line: &str) -> Result<Command> {
        let mut command = self.command(Path::new("/bin/sh"))?;
        command.arg("-c").arg(line);
        Ok(command)
    }
}

/// A run, compared with the very command that `--dry-run` prints.
fn measure_container(stage: &Stage<'_>) -> Result<Row> {
    let Stage { lane, .. } = stage;
    report(format!("measuring run -- true on {}", lane.name));
    let run = ["run", "--quiet", "--engine", lane.engine, "--image", TEST_IMAGE];
    let line = run_captured(&mut stage.paude(&run, &["--dry-run"])?)?;
    let times = medians(ROUNDS, [stage.paude(&run, &[])?, stage.shell(&format!("exec {line}"))?])?;
    let name = format!("run -- true, lane {}", lane.name);
    Ok(Row::extra_ms((&name, "the command of --dry-run"), times, 10.0))
}

/// The built-in engine of a plain user, compared with bwrap.
fn measure_native_as_user(stage: &Stage<'_>) -> Result<Option<Row>> {
    if process::which("bwrap").is_none() {
        return Ok(None);
    }
    report(format!("measuring run -- true on {}", stage.lane.name));
    let run = stage.paude(&["run", "--quiet", "--engine", "native"], &[])?;
    let line = run_captured(&mut stage.paude(&["plan", "--format", "native"], &[])?)?;
    let bwrap = stage.shell(&format!("exec {} -- true", mounts_of(&line)?))?;
    let times = medians(NATIVE_ROUNDS, [run, bwrap])?;
    let name = format!("run -- true, lane {}", stage.lane.name);
    Ok(Some(Row::extra_ms((&name, "bwrap, the same mounts"), times, 10.0)))
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
    let mounts = mounts_of(&line)?;
    Ok([shell(&format!("exec {line}")), shell(&format!("exec {mounts} -- {script}"))])
}

/// The bwrap command without what it runs.
fn mounts_of(line: &str) -> Result<String> {
    let words = shlex::split(line).context("the bwrap command has an unbalanced quote")?;
    let end = words.iter().position(|word| word == "--");
    let mounts = &words[..end.context("the bwrap command has no `--`")?];
    Ok(shlex::try_join(mounts.iter().map(String::as_str))?)
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}
