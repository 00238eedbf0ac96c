//! What was fetched or built, found again next time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::place::{self, Place};

/// A folder of that recipe, found again by the stamp beside it, or made: half a folder is never taken for a whole one.
pub(super) fn kept(
    place: &Place,
    name: &str,
    recipe: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let folder = place.at(name);
    let stamp = place.at(&format!("{name}.stamp"));
    let wanted = format!("{recipe} {}", std::env::consts::ARCH);
    if folder.is_dir() && fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(folder);
    }
    let part = place.at(&format!("{name}.part"));
    let _ = fs::remove_dir_all(&part);
    make(&part)?;
    let _ = fs::remove_file(&stamp);
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&part, &folder)?;
    place::write(&stamp, &wanted)?;
    Ok(folder)
}
