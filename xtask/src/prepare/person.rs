//! The plain user that rootless lanes run as, when we are root.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::process::{self, quietly, say};

const NAME: &str = "paude-test";
const RANGE: u64 = 65536;

/// Somebody to run as.
#[derive(Clone, Serialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: PathBuf,
}

impl Person {
    /// A program run as this user, with nothing of our environment but PATH.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.uid(self.uid).gid(self.gid).env_clear().current_dir("/");
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", &self.home).env("USER", &self.name).env("LOGNAME", &self.name);
        command
    }
}

/// The user `paude-test`, made if we are root and it is missing; `None` when we are a plain user ourselves.
pub(crate) fn ensure() -> Result<Option<Person>> {
    if !process::is_root() {
        return Ok(None);
    }
    let person = match find() {
        Some(person) => person,
        None => {
            say(format!("making the user {NAME}, for the tests which must not run as root"));
            quietly(Command::new("useradd").args(["--create-home", "--shell", "/bin/sh", NAME]))?;
            find().context("useradd made no user")?
        }
    };
    for (file, option) in [("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")] {
        subordinate(file, option)?;
    }
    Ok(Some(person))
}

fn find() -> Option<Person> {
    let entry = quietly(Command::new("getent").args(["passwd", NAME])).ok()?;
    let fields: Vec<&str> = entry.split(':').collect();
    Some(Person {
        name: NAME.to_owned(),
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
        home: PathBuf::from(fields.get(5)?),
    })
}

/// A range of ids of its own, above everybody else's.
fn subordinate(file: &str, option: &str) -> Result<()> {
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
    say(format!("giving {NAME} the ids {range} in {file}"));
    quietly(Command::new("usermod").args([option, &range, NAME])).map(drop)
}
