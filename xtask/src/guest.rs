//! `cargo xtask guest`: the built-in policy as a file, for other WASI hosts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::place::{self, Place};
use crate::prepare::target;
use crate::process::say;

#[path = "../../host/build_guest.rs"]
mod build_guest;

/// What `cargo xtask guest` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to write it [default: target/guest/policy.wasm]
    file: Option<PathBuf>,
}

/// Builds it as the program's own build does, and says where it is.
pub(crate) fn run(place: &Place, args: &Args) -> Result<u8> {
    target::ensure()?;
    let file = match &args.file {
        Some(file) => file.clone(),
        None => place.root.join("target/guest/policy.wasm"),
    };
    let bytes = write(place, &file)?;
    say(format!("wrote {} ({bytes} bytes)", file.display()));
    Ok(0)
}

/// Writes the component to a file; returns its size.
pub(crate) fn write(place: &Place, file: &Path) -> Result<u64> {
    let dir = place.root.join("target/guest");
    place::make_dir(&dir)?;
    let component = build_guest::build_guest(&place.root, &dir).map_err(|fault| anyhow!(fault))?;
    fs::copy(component, file).with_context(|| format!("cannot write {}", file.display()))
}
