//! `cargo xtask test`: prepare the machine, then run all tests.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::boxes::{self, EnginesOption, Suite};
use crate::checkout::Checkout;
use crate::dist::DistArgs;
use crate::lint::LintArgs;
use crate::prepare;
use crate::process::{self, report};
use crate::{dist, lint, setup, target};

/// The integration suite's name in `host/Cargo.toml`.
const SUITE: &str = "suite";

/// The variable that says how often the suite repeats what has to hold at any moment.
const ROUNDS: &str = "PAUDE_TEST_ROUNDS";

/// The box with the newest podman and docker, which are tested as root without being asked for.
const NEWEST: Suite = Suite::Sid;

/// How much time may have passed before that box is left out: CI has 90 minutes.
const BEFORE_NEWEST: Duration = Duration::from_mins(50);

/// What a box cannot run: it has no node, which the CLI of dev containers needs, its Python is too new for Compose 1, and it
/// has no skopeo, which fills a registry.
const NOT_IN_A_BOX: [&str; 6] = [
    "engines::fake",
    "engines::native",
    "engines::docker-rootless",
    "export::devcontainer",
    "export::compose_bookworm",
    "build::pull",
];

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Use all boxes, repeat a hundred times what has to hold at any moment, build the `wasmtime` command line, which takes
    /// twenty minutes the first time, and make and try out the packages for this machine
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    boxes: EnginesOption,
    /// Arguments for the test binaries, as after `cargo test --`
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// Returns the exit code of `cargo test`; under CI the lints run first, so that a formatting error fails early.
pub(crate) fn run(checkout: &Checkout, args: &TestArgs) -> Result<u8> {
    let start = Instant::now();
    if std::env::var_os("CI").is_some() {
        target::ensure()?;
        let code = lint::run(checkout, &LintArgs::default())?;
        if code != 0 {
            return Ok(code);
        }
    }
    let prepared = prepare::prepare(checkout, args.full)?;
    let mut tests = process::cargo(&checkout.root);
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    if !args.args.is_empty() {
        tests.arg("--").args(&args.args);
    }
    if args.full {
        tests.env(ROUNDS, "100");
    }
    let shown = process::format_command(&tests);
    report(format!("{}={} {shown}", setup::VARIABLE, prepared.file.display()));
    let code = process::run(tests.env(setup::VARIABLE, &prepared.file))?;
    let code_of_boxes = run_in_boxes(checkout, args, start)?;
    if args.full {
        dist::run(checkout, &DistArgs { host: true, collect: None })?;
    }
    Ok(if code == 0 { code_of_boxes } else { code })
}

/// Runs the tests of the container engines in each box; returns the first exit code that is not 0.
fn run_in_boxes(checkout: &Checkout, args: &TestArgs, start: Instant) -> Result<u8> {
    let asked = &args.boxes.engines;
    let mut skipped = NOT_IN_A_BOX.to_vec();
    let suites = match (&asked[..], args.full) {
        ([], true) => &Suite::ALL[..],
        ([], false) if !args.args.is_empty() => return Ok(0),
        ([], false) if start.elapsed() > BEFORE_NEWEST => {
            let minutes = start.elapsed().as_secs() / 60;
            report(format!("box {}: skipped: the tests took {minutes} min", NEWEST.name()));
            return Ok(0);
        }
        ([], false) => {
            skipped.push("engines::podman-r"); // the remote and the rootless lane
            &[NEWEST]
        }
        (asked, _) => asked,
    };
    let boxes = boxes::prepare_all(checkout, suites, !asked.is_empty())?;
    if boxes.is_empty() {
        return Ok(0);
    }
    let mut command = vec![find_suite(checkout)?.into_os_string()];
    for skipped in skipped {
        command.extend(["--skip", skipped].map(OsString::from));
    }
    if args.args.is_empty() {
        command.push("engines::".into());
    }
    command.extend_from_slice(&args.args);
    let mut first = 0;
    for engine_box in &boxes {
        report(format!("testing on the engines of {}", engine_box.suite.name()));
        let code = engine_box.run(checkout, &command)?;
        first = if first == 0 { code } else { first };
    }
    Ok(first)
}

/// The integration suite as a program, which cargo has built for the tests before: the same packages are named, as others
/// would have the dependencies built again with other features.
fn find_suite(checkout: &Checkout) -> Result<PathBuf> {
    let mut build = process::cargo(&checkout.root);
    build.args(["test", "--workspace", "--no-run"]);
    let messages = process::run_captured(build.arg("--message-format=json"))?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages.filter_map(|message| {
        let is_suite = message["target"]["name"] == SUITE;
        message["executable"].as_str().filter(|_| is_suite).map(PathBuf::from)
    });
    programs.next().context("cargo names no program of the integration suite")
}
