//! `cargo xtask guest`: the built-in policy as a file, for other WASI hosts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::checkout::Checkout;
use crate::files;
use crate::process::report;
use crate::target;

#[path = "../../host/build_guest.rs"]
mod build_guest;

pub(crate) use build_guest::build_guest;

/// Arguments of `cargo xtask guest`.
#[derive(clap::Args)]
pub(crate) struct GuestArgs {
    /// Where to write it [default: target/guest/policy.wasm]
    file: Option<PathBuf>,
}

/// Builds the component as the program's own build does, and reports where it is.
pub(crate) fn run(checkout: &Checkout, args: &GuestArgs) -> Result<u8> {
    target::ensure()?;
    let file = match &args.file {
        Some(file) => file.clone(),
        None => checkout.root.join("target/guest/policy.wasm"),
    };
    let bytes = write(checkout, &file)?;
    report(format!("wrote {} ({bytes} bytes)", file.display()));
    Ok(0)
}

/// Writes the component to a file; returns its size.
pub(crate) fn write(checkout: &Checkout, file: &Path) -> Result<u64> {
    let dir = checkout.root.join("target/guest");
    files::create_dir(&dir)?;
    let component = build_guest(&checkout.root, &dir).map_err(|error| anyhow!(error))?;
    fs::copy(component, file).with_context(|| format!("cannot write {}", file.display()))
}
