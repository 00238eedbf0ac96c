//! The reference implementation of dev containers, which the tests compare paude with.

use std::path::PathBuf;

use anyhow::Result;

use super::cached::cached;
use super::npm::Npm;
use crate::checkout::Checkout;
use crate::files;
use crate::process::report;

const CLI: &str = "@devcontainers/cli@0.89.0";

/// Fetches the program for node, which has no dependencies.
pub(super) fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let npm = Npm::find()?;
    let folder = cached(checkout, "devcontainer-cli", CLI, |part| {
        report(format!("fetching from npm: {CLI} (2 MB)"));
        files::create_dir(part)?;
        npm.install(part, &["--no-package-lock", CLI])
    })?;
    Ok(folder.join("node_modules/@devcontainers/cli/devcontainer.js"))
}
