//! Wheels and uv where the test user can read them, also if the checkout is in a private directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::test_user::TestUser;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured, succeeds};

/// The paths as they are if the test user may enter the checkout, else copies that everybody can read.
pub(crate) fn ensure(
    checkout: &Checkout,
    user: Option<&TestUser>,
    wheels: PathBuf,
    uv: PathBuf,
) -> Result<(PathBuf, PathBuf)> {
    let may_enter = |user: &TestUser| succeeds(user.command("test").arg("-x").arg(&wheels));
    let Some(user) = user.filter(|user| !may_enter(user)) else {
        return Ok((wheels, uv));
    };
    let stamps = ["wheels.stamp", "uv-wheel.stamp"]
        .map(|name| fs::read_to_string(checkout.setup_path(name)));
    let version = stamps.into_iter().collect::<std::io::Result<String>>()?;
    let parent = Path::new("/var/cache").join(checkout.key());
    let shared = parent.join(format!("{:016x}", files::hash(&version)));
    if !shared.exists() {
        report(format!(
            "{} may not enter this checkout; copying the wheels to {}",
            user.name,
            parent.display()
        ));
        let part = parent.join("part");
        let _ = fs::remove_dir_all(&part);
        files::create_dir(&part)?;
        run_captured(Command::new("cp").arg("-r").arg(&wheels).arg(&uv).arg(&part))?;
        run_captured(Command::new("chmod").args(["-R", "a+rX"]).arg(&parent))?;
        fs::rename(part, &shared)?;
    }
    Ok((shared.join("wheels"), shared.join("uv")))
}
