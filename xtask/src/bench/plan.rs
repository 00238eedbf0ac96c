//! Detection and planning as whole processes, compared with the rules alone, Python, find and fd.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::measure::{format_ms, medians, peak_memory, to_ms};
use super::program::Programs;
use super::table::{Limit, Row};
use super::trees;
use crate::checkout::Checkout;
use crate::files;
use crate::prepare::packages;
use crate::process::{self, report};

/// Measured runs of a small project.
const ROUNDS: usize = 100;
/// Measured runs of a large tree.
const TREE_ROUNDS: usize = 15;
const MIB: f64 = 1_048_576.0;

const PLAN: &str = "plan --format json";

pub(super) fn measure(checkout: &Checkout, programs: &Programs, rows: &mut Vec<Row>) -> Result<()> {
    let dir = checkout.root.join("target/bench");
    files::create_dir(&dir)?;
    measure_environment(programs, &dir, rows)?;
    rows.push(measure_sources(programs, &dir)?);
    measure_monorepos(programs, &dir, rows)?;
    let bytes = std::fs::metadata(&programs.paude)?.len() as f64;
    rows.push(Row::value("release binary", bytes / 1e6, "MB", Limit::AtMost(16.0)));
    Ok(())
}

/// A project with one environment.
fn measure_environment(programs: &Programs, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    report("measuring a project with one environment");
    let project = trees::project(dir, 1)?;
    let mut native = Command::new(&programs.native);
    native.arg(&project);
    let mut python = Command::new(process::find_python().context("there is no python3")?);
    python.args(["-c", "pass"]);
    let policy = dir.join("policy.wasm");
    let _ = std::fs::remove_file(&policy);
    process::run_captured(programs.paude().args(["policy", "export"]).arg(&policy))?;
    let mut custom = programs.plan(&project);
    custom.arg("--policy").arg(&policy);

    let commands = [programs.plan(&project), native, python, custom];
    let [plan, native, python, custom] = medians(ROUNDS, commands)?;
    let names = (PLAN, "the rules as native code");
    rows.push(Row::extra_ms(names, [plan, native], 1.7));
    rows.push(Row::ratio(names, [plan, native], Some(Limit::AtMost(3.0))));
    rows.push(Row::speedup((PLAN, "python3 -c pass"), [plan, python], 4.0));
    if let Some(bytes) = peak_memory(&programs.plan(&project))? {
        let name = format!("{PLAN}, peak memory");
        rows.push(Row::value(&name, bytes as f64 / MIB, "MiB", Limit::AtMost(16.0)));
    }
    let names = ("custom policy, second run", "the built-in policy");
    rows.push(Row::extra_ms(names, [custom, plan], 2.0));
    Ok(())
}

/// A project of ordinary size without an environment: the search must not be noticeable.
fn measure_sources(programs: &Programs, dir: &Path) -> Result<Row> {
    report("measuring a project of 2000 directories and 20000 files");
    let (sources, empty) = (trees::sources(dir, 2_000, 10)?, trees::empty(dir)?);
    let times = medians(ROUNDS, [programs.plan(&sources), programs.plan(&empty)])?;
    let name = format!("{PLAN}, 2000 directories, 20000 files");
    Ok(Row::extra_ms((&name, "an empty project"), times, 8.0))
}

/// Large trees, searched completely.
fn measure_monorepos(programs: &Programs, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let mut per_directory = Vec::new();
    for directories in [10_000, 100_000] {
        report(format!("measuring a monorepo of {directories} directories"));
        let tree = trees::monorepo(dir, directories)?;
        let name = format!("{PLAN}, {directories} directories");
        let mut find = Command::new("find");
        find.arg(&tree).args(["-name", "pyvenv.cfg"]);
        let mut native = Command::new(&programs.native);
        native.arg(&tree);
        let [plan, find, native] = medians(TREE_ROUNDS, [programs.plan(&tree), find, native])?;
        let names = (&*name, "find -name pyvenv.cfg");
        let mut row = Row::ratio(names, [plan, find], Some(Limit::AtMost(1.0)));
        row.details += &format!("; as native code {}", format_ms(native));
        rows.push(row);
        compare_with_fd(programs, &tree, &name, rows)?;
        per_directory.push(plan / directories as u32);
    }
    rows.push(compare_growth(per_directory[0], per_directory[1]));
    Ok(())
}

/// fd with one thread is the comparison; with its default number of threads it is only reported.
fn compare_with_fd(
    programs: &Programs,
    tree: &Path,
    name: &str,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let Some(fd) = packages::find_fd() else {
        report("skipped: comparisons with fd, which is not installed");
        return Ok(());
    };
    let search = |threads: &[&str]| {
        let mut command = Command::new(&fd);
        command.args(threads).args(["-u", "-g", "pyvenv.cfg"]).arg(tree);
        command
    };
    let commands = [programs.plan(tree), search(&["--threads", "1"]), search(&[])];
    let [plan, single, parallel] = medians(TREE_ROUNDS, commands)?;
    let names = (name, "fd --threads 1 -u -g pyvenv.cfg");
    rows.push(Row::ratio(names, [plan, single], Some(Limit::AtMost(1.1))));
    rows.push(Row::ratio((name, "fd -u -g pyvenv.cfg"), [plan, parallel], None));
    Ok(())
}

/// The time for each directory must not grow with the tree.
fn compare_growth(small: Duration, large: Duration) -> Row {
    let names = ("time per directory, 100000", "the same of 10000");
    let details = format!("{:.2} µs against {:.2} µs", to_ms(large) * 1e3, to_ms(small) * 1e3);
    Row { details, ..Row::ratio(names, [large, small], Some(Limit::AtMost(1.2))) }
}
