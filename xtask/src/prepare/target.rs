//! The compilation target of the built-in policy.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{quietly, say};

/// `wasm32-wasip2`, by rustup where it is missing.
pub(crate) fn ensure() -> Result<()> {
    add("wasm32-wasip2")
}

/// Adds the standard library of a target to this toolchain.
pub(crate) fn add(triple: &str) -> Result<()> {
    let sysroot = quietly(Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(&sysroot).join("lib/rustlib").join(triple).join("lib").is_dir() {
        return Ok(());
    }
    say(format!("adding the compilation target {triple} with rustup"));
    quietly(Command::new("rustup").args(["target", "add", triple]))
        .with_context(|| format!("`rustup target add {triple}` would mend it"))?;
    Ok(())
}
