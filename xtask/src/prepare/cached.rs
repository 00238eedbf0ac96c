//! Folders that are fetched or built once and reused.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, report, run_captured};

/// Finds the folder that was created by this recipe, else creates it. It is created under another name, so that an
/// interrupted run leaves no incomplete folder; the stamp with its recipe is beside it.
pub(crate) fn cached(
    checkout: &Checkout,
    name: &str,
    recipe: &str,
    create: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let folder = checkout.setup_path(name);
    let stamp = checkout.setup_path(&format!("{name}.stamp"));
    let wanted = format!("{recipe} {}", std::env::consts::ARCH);
    if folder.is_dir() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    let part = checkout.setup_path(&format!("{name}.part"));
    let _ = fs::remove_dir_all(&part);
    create(&part)?;
    let _ = fs::remove_file(&stamp);
    let _ = fs::remove_dir_all(&folder);
    fs::rename(&part, &folder)?;
    files::write(&stamp, &wanted)?;
    Ok(folder)
}

/// A tool of the registry of crates, built once, which takes this time.
pub(crate) fn from_crates(
    checkout: &Checkout,
    name: &str,
    args: &[&str],
    time: &str,
) -> Result<PathBuf> {
    cached(checkout, name, &args.join(" "), |part| {
        report(format!("building {} with cargo install ({time})", args[0]));
        let mut cargo = process::cargo(&checkout.root);
        // A debug build, because the time to build exceeds the time it ever runs.
        cargo.args(["install", "--quiet", "--debug", "--locked"]).args(args);
        cargo.arg("--root").arg(part);
        cargo.arg("--target-dir").arg(checkout.setup_path(&format!("{name}-build")));
        run_captured(cargo.env("CARGO_PROFILE_DEV_DEBUG", "false")).map(drop)
    })
}
