//! Wheels and uv where a plain user can read them, also when the checkout is in somebody's private directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::person::Person;
use crate::place::{self, Place};
use crate::process::{quietly, say, succeeds};

/// The two as they are if that user may enter the checkout, else copies that everybody can read.
pub(crate) fn ensure(
    place: &Place,
    person: Option<&Person>,
    wheels: PathBuf,
    uv: PathBuf,
) -> Result<(PathBuf, PathBuf)> {
    let enters = |person: &Person| succeeds(person.command("test").arg("-x").arg(&wheels));
    let Some(person) = person.filter(|person| !enters(person)) else {
        return Ok((wheels, uv));
    };
    let stamps = ["wheels.stamp", "uv-wheel.stamp"].map(|name| fs::read_to_string(place.at(name)));
    let version = stamps.into_iter().collect::<std::io::Result<String>>()?;
    let parent = Path::new("/var/cache").join(place.key());
    let shared = parent.join(format!("{:016x}", place::hash(&version)));
    if !shared.exists() {
        say(format!(
            "{} may not enter this checkout; copying the wheels to {}",
            person.name,
            parent.display()
        ));
        let part = parent.join("part");
        let _ = fs::remove_dir_all(&part);
        place::make_dir(&part)?;
        quietly(Command::new("cp").arg("-r").arg(&wheels).arg(&uv).arg(&part))?;
        quietly(Command::new("chmod").args(["-R", "a+rX"]).arg(&parent))?;
        fs::rename(part, &shared)?;
    }
    Ok((shared.join("wheels"), shared.join("uv")))
}
