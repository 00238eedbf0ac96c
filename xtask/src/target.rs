//! The compilation targets that the tasks need.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{report, run_captured};

/// Adds `wasm32-wasip2`, the target of the built-in policy.
pub(crate) fn ensure() -> Result<()> {
    add("wasm32-wasip2")
}

/// Adds the standard library of a target to the toolchain, unless it has it.
pub(crate) fn add(triple: &str) -> Result<()> {
    let sysroot = run_captured(Command::new("rustc").args(["--print", "sysroot"]))?;
    if Path::new(&sysroot).join("lib/rustlib").join(triple).join("lib").is_dir() {
        return Ok(());
    }
    report(format!("adding the compilation target {triple} with rustup"));
    run_captured(Command::new("rustup").args(["target", "add", triple]))
        .with_context(|| format!("the target {triple} is missing and rustup cannot add it"))?;
    Ok(())
}
