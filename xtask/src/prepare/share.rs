//! What was fetched where each lane finds it, also if the checkout is in a private directory or below `/tmp`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::test_user::TestUser;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured, succeeds};

/// The path of a fetched folder, or of a file in one: as it is if the test user may read it and the built-in engine sees
/// it, which has a `/tmp` of its own, else in a copy that everybody can read.
pub(crate) fn ensure(
    checkout: &Checkout,
    user: Option<&TestUser>,
    path: PathBuf,
) -> Result<PathBuf> {
    let is_readable = user.is_none_or(|user| succeeds(user.command("test").arg("-r").arg(&path)));
    if is_readable && !path.starts_with("/tmp") {
        return Ok(path);
    }
    let below = path.strip_prefix(&checkout.setup_dir)?;
    let folder = Path::new(below.components().next().context("a folder has a name")?.as_os_str());
    let stamp = fs::read_to_string(checkout.setup_dir.join(folder.with_added_extension("stamp")))?;
    let parent = Path::new("/var/cache").join(checkout.key());
    let folder = folder.display();
    let shared = parent.join(format!("{:016x}", files::hash(&format!("{folder} {stamp}"))));
    if !shared.exists() {
        let parent = parent.display();
        report(format!("not every lane finds {folder} in this checkout; copying it to {parent}"));
        let part = shared.with_extension("part");
        let _ = fs::remove_dir_all(&part);
        files::create_dir(&part)?;
        let from = checkout.setup_path(&folder.to_string());
        run_captured(Command::new("cp").arg("-r").arg(from).arg(&part))?;
        run_captured(Command::new("chmod").args(["-R", "a+rX", &parent.to_string()]))?;
        fs::rename(part, &shared)?;
    }
    Ok(shared.join(below))
}
