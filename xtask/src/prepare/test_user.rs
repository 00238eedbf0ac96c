//! The plain user that rootless lanes run as, when we are root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use super::lane::Lane;
use crate::checkout::Checkout;
use crate::process::{self, report, run_captured};

const NAME: &str = "paude-test";
const RANGE: u64 = 65536;

/// A user for tests that must not run as root.
#[derive(Clone, Serialize)]
pub(crate) struct TestUser {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: PathBuf,
}

impl TestUser {
    /// A program run as this user, with nothing of our environment except PATH.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.uid(self.uid).gid(self.gid).env_clear().current_dir("/");
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", &self.home).env("USER", &self.name).env("LOGNAME", &self.name);
        command
    }
}

/// Finds or creates the user `paude-test`; `None` if we are a plain user ourselves.
pub(crate) fn ensure() -> Result<Option<TestUser>> {
    if !process::is_root() {
        return Ok(None);
    }
    let user = match find() {
        Some(user) => user,
        None => {
            report(format!("creating the user {NAME}, for tests that must not run as root"));
            let mut useradd = Command::new("useradd");
            run_captured(useradd.args(["--create-home", "--shell", "/bin/sh", NAME]))?;
            find().context("useradd created no user")?
        }
    };
    for (file, option) in [("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")] {
        ensure_subordinate_ids(file, option)?;
    }
    Ok(Some(user))
}

/// The directory in which the lane's user keeps images. Not below the checkout: the files of a rootless engine belong to
/// ids that only the engine itself can remove.
pub(crate) fn cache_dir(checkout: &Checkout, lane: &Lane) -> Result<PathBuf> {
    let home = match &lane.user {
        Some(user) => user.home.clone(),
        None => std::env::home_dir().context("no home directory for the images")?,
    };
    let cache = home.join(".cache").join(checkout.key());
    run_captured(lane.command("mkdir").arg("-p").arg(&cache))?;
    run_captured(lane.command("chmod").arg("700").arg(&cache))?;
    Ok(cache)
}

/// Makes the lane's user the only one who can use a directory that we created.
pub(crate) fn give(lane: &Lane, dir: &Path) -> Result<()> {
    if let Some(user) = &lane.user {
        chown(dir, Some(user.uid), Some(user.gid))?;
    }
    run_captured(lane.command("chmod").arg("700").arg(dir)).map(drop)
}

fn find() -> Option<TestUser> {
    let entry = run_captured(Command::new("getent").args(["passwd", NAME])).ok()?;
    let fields: Vec<&str> = entry.split(':').collect();
    Some(TestUser {
        name: NAME.to_owned(),
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
        home: PathBuf::from(fields.get(5)?),
    })
}

/// Gives the user a range of ids above all others, unless it has one.
fn ensure_subordinate_ids(file: &str, option: &str) -> Result<()> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut next = 100_000;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if fields.first() == Some(&NAME) {
            return Ok(());
        }
        if let [_, start, count] = fields[..] {
            next = next.max(start.parse().unwrap_or(0) + count.parse().unwrap_or(0));
        }
    }
    let range = format!("{next}-{}", next + RANGE - 1);
    report(format!("giving {NAME} the ids {range} in {file}"));
    run_captured(Command::new("usermod").args([option, &range, NAME])).map(drop)
}
