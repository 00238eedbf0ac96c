//! Starting a box, and removing what it leaves.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Suite;
use crate::checkout::Checkout;
use crate::process::{self, report, run_captured, succeeds};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Variables of this process that the command in the box also has.
const INHERITED: [&str; 3] = ["CI", "TERM", "RUST_BACKTRACE"];

/// Checks that this machine permits the namespaces and mounts of a box.
pub(super) fn check(checkout: &Checkout, suite: Suite, root: &Path) -> Result<()> {
    let cgroup = cgroup(checkout, suite)?;
    let mut enter = start(checkout, root, &cgroup)?;
    let checked = run_captured(enter.arg("true"));
    remove_cgroup(&cgroup);
    checked.map(drop)
}

/// Runs this program's hidden task `box` in the box.
pub(super) fn run(
    checkout: &Checkout,
    suite: Suite,
    root: &Path,
    command: &[OsString],
) -> Result<u8> {
    let cgroup = cgroup(checkout, suite)?;
    let mut enter = start(checkout, root, &cgroup)?;
    enter.arg(program()?).args(["box", suite.name(), "--"]).args(command);
    let code = process::run(&mut enter);
    remove_cgroup(&cgroup);
    code
}

/// The command that starts a box, without the command to run in it.
fn start(checkout: &Checkout, root: &Path, cgroup: &Path) -> Result<Command> {
    let mut enter = Command::new("sh");
    enter.arg(checkout.root.join("xtask/src/boxes/enter.sh")).arg("start").arg(root).arg(cgroup);
    enter.arg(shared_dirs(checkout)?);
    enter.env_clear().env("PATH", PATH).env("HOME", "/root").env("LC_ALL", "C.UTF-8");
    enter.envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))));
    Ok(enter)
}

fn program() -> Result<PathBuf> {
    env::current_exe().context("cannot find this program")
}

fn cgroup(checkout: &Checkout, suite: Suite) -> Result<PathBuf> {
    Ok(unified_hierarchy()?.join(format!("{}-{}", checkout.key(), suite.name())))
}

fn remove_cgroup(cgroup: &Path) {
    let mut remove = Command::new("find");
    remove.arg(cgroup).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", "+"]);
    if cgroup.exists() && !succeeds(&mut remove) {
        report(format!("cannot remove {}", cgroup.display()));
    }
}

/// Where cgroup v2 is mounted, alone or beside v1.
fn unified_hierarchy() -> Result<PathBuf> {
    let candidates = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from);
    let found = candidates.into_iter().find(|dir| dir.join("cgroup.procs").exists());
    found.context("this machine has no cgroup v2")
}

/// The directories that a box sees at their own paths: the checkout, and cargo's target directory if it is elsewhere.
fn shared_dirs(checkout: &Checkout) -> Result<String> {
    let program = program()?;
    let target = program.ancestors().nth(2).context("this program is not in a target directory")?;
    let mut dirs = vec![checkout.root.as_path()];
    if !target.starts_with(&checkout.root) {
        dirs.push(target);
    }
    let dirs: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    ensure!(!dirs.iter().any(|dir| dir.contains(':')), "the checkout's path has a colon");
    Ok(dirs.join(":"))
}
