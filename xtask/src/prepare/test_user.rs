//! The plain user that rootless lanes run as, when we are root.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

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
