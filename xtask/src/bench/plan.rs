//! Detection and planning: the whole process, against the rules alone, Python and find.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::measure::{medians, peak};
use super::program::Programs;
use super::report::Row;
use super::trees;
use crate::place::{self, Place};
use crate::process;
use crate::process::say;

/// Medians of so many runs each.
const ROUNDS: usize = 100;
const TREE_ROUNDS: usize = 15;
const MIB: f64 = 1_048_576.0;

pub(super) fn measure(place: &Place, programs: &Programs, rows: &mut Vec<Row>) -> Result<()> {
    let dir = place.root.join("target/bench");
    place::make_dir(&dir)?;
    one_environment(place, programs, &trees::project(&dir, 1)?, rows)?;
    monorepos(place, programs, &dir, rows)?;
    let bytes = std::fs::metadata(&programs.paude)?.len() as f64;
    rows.push(Row::at_most(("release binary", "-"), (bytes / 1e6, 16.0, "MB"), String::new()));
    Ok(())
}

fn one_environment(
    place: &Place,
    programs: &Programs,
    project: &Path,
    rows: &mut Vec<Row>,
) -> Result<()> {
    say("measuring plan --format json, one .venv");
    let plan = || {
        let mut command = programs.paude(place);
        command.args(["plan", "--format", "json", "-C"]).arg(project);
        command
    };
    let mut native = Command::new(&programs.native);
    native.arg(project).arg("3");
    let mut python = Command::new(process::python().context("no python3")?);
    python.args(["-c", "pass"]);
    let policy = place.root.join("target/bench/policy.wasm");
    let _ = std::fs::remove_file(&policy);
    process::quietly(programs.paude(place).args(["policy", "export"]).arg(&policy))?;
    let mut custom = plan();
    custom.arg("--policy").arg(&policy);

    let [ours, rules, python, custom] = medians(ROUNDS, [plan(), native, python, custom])?;
    let what = "plan --format json";
    let numbers = |other| format!("{} against {}", shown(ours), shown(other));
    let names = (what, "the rules as native code");
    rows.push(Row::at_most(names, (ms(ours) - ms(rules), 1.7, "ms more"), numbers(rules)));
    rows.push(Row::at_most(names, (ms(ours) / ms(rules), 3.0, "times"), numbers(rules)));
    let values = (ms(python) / ms(ours), 4.0, "times faster");
    rows.push(Row::at_least((what, "python3 -c pass"), values, numbers(python)));
    if let Some(bytes) = peak(&plan())? {
        let name = format!("{what}, peak memory");
        let values = (bytes as f64 / MIB, 16.0, "MiB");
        rows.push(Row::at_most((&name, "-"), values, String::new()));
    }
    let values = (ms(custom) - ms(ours), 2.0, "ms more");
    let names = ("custom policy, second run", "the built-in policy");
    rows.push(Row::at_most(names, values, format!("{} against {}", shown(custom), shown(ours))));
    Ok(())
}

fn monorepos(place: &Place, programs: &Programs, dir: &Path, rows: &mut Vec<Row>) -> Result<()> {
    let mut each = Vec::new();
    for directories in [10_000, 100_000] {
        say(format!("measuring a monorepo of {directories} directories"));
        let tree = trees::monorepo(dir, directories)?;
        let plan = || {
            let mut command = programs.paude(place);
            command.args(["plan", "--format", "json", "-C"]).arg(&tree);
            command
        };
        let mut deep = plan();
        // A cold or busy machine may need more than the two seconds that a policy has.
        deep.args(["--depth", "100", "--policy-timeout", "60"]);
        let mut find = Command::new("find");
        find.arg(&tree).args(["-name", "pyvenv.cfg"]);
        let [deep, find, after] = medians(TREE_ROUNDS, [deep, find, plan()])?;
        // What the system itself takes, which no line can go below. The two take turns with
        // each other alone: a walk of the whole tree leaves the processor's caches full of it.
        let mut native = Command::new(&programs.native);
        native.arg(&tree).arg("3");
        let [shallow, native] = medians(ROUNDS, [plan(), native])?;
        each.push(ms(deep) / directories as f64);
        let what = format!("{directories} directories, --depth 100");
        let numbers = format!("{} against {}", shown(deep), shown(find));
        let values = (ms(deep) / ms(find), 1.0, "times");
        rows.push(Row::at_most((&what, "find -name pyvenv.cfg"), values, numbers));
        let what = format!("{directories} directories, default depth");
        let (native, after) = (shown(native), shown(after));
        let numbers = format!("as native code {native}; straight after find {after}");
        rows.push(Row::at_most((&what, "-"), (ms(shallow), 10.0, "ms"), numbers));
    }
    let names = ("time per directory, 100000", "the same of 10000");
    let numbers = format!("{:.2} µs against {:.2} µs", each[1] * 1e3, each[0] * 1e3);
    rows.push(Row::at_most(names, (each[1] / each[0], 1.2, "times"), numbers));
    Ok(())
}

pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub(super) fn shown(time: Duration) -> String {
    format!("{:.2} ms", ms(time))
}
