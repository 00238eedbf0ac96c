//! `cargo xtask check-macos`: type-check paude for macOS on a machine that has no Apple tools.
//!
//! One dependency compiles C. Its compiler is the clang of zig, which comes as a wheel with the headers of macOS.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::files;
use crate::prepare::ZIG;
use crate::process::{self, quote_path, report, run_captured};
use crate::target;

const TRIPLE: &str = "aarch64-apple-darwin";

/// Runs `cargo check` with a C compiler for macOS; returns the exit code of cargo.
pub(crate) fn run(checkout: &Checkout) -> Result<u8> {
    target::ensure()?;
    target::add(TRIPLE)?;
    let dir = checkout.root.join("target/check-macos");
    files::create_dir(&dir)?;
    let python = install_zig(&dir)?;
    let mut check = process::cargo(&checkout.root);
    check.args(["check", "--package", "paude", "--target", TRIPLE]);
    check.env("CC_aarch64_apple_darwin", write_cc(&dir, &python)?);
    check.env("AR_aarch64_apple_darwin", write_ar(&dir, &python)?);
    report(process::format_command(&check));
    process::run(&mut check)
}

/// Creates an environment that has zig, unless it is there; returns its Python.
fn install_zig(dir: &Path) -> Result<PathBuf> {
    let python = dir.join("venv/bin/python");
    let (_, version) = ZIG.split_once("==").context("the version of zig is not pinned")?;
    let installed = run_captured(
        Command::new(&python)
            .args(["-c", "import importlib.metadata as m; print(m.version('ziglang'))"]),
    );
    if installed.is_ok_and(|installed| installed == version) {
        return Ok(python);
    }
    report(format!("fetching from PyPI: {ZIG} (about 100 MB)"));
    let base = process::find_python().context("there is no python3 on this machine")?;
    run_captured(Command::new(base).args(["-m", "venv", "--clear"]).arg(dir.join("venv")))?;
    run_captured(Command::new(&python).args(["-m", "pip", "install", "--quiet", ZIG]))?;
    Ok(python)
}

/// Writes a compiler that drops the options of Apple's clang that zig rejects: its target implies them.
fn write_cc(dir: &Path, python: &Path) -> Result<PathBuf> {
    let text = format!(
        "#!/bin/sh\n\
         # Written by `cargo xtask check-macos`.\n\
         n=$#\n\
         while [ \"$n\" -gt 0 ]; do\n\
         \tword=$1; shift; n=$((n - 1))\n\
         \tcase $word in\n\
         \t-arch | --target) shift; n=$((n - 1)) ;;\n\
         \t-mmacosx-version-min=* | --target=*) ;;\n\
         \t*) set -- \"$@\" \"$word\" ;;\n\
         \tesac\n\
         done\n\
         exec {} -m ziglang cc -target aarch64-macos \"$@\"\n",
        quote_path(python)?
    );
    write_script(dir, "cc", &text)
}

fn write_ar(dir: &Path, python: &Path) -> Result<PathBuf> {
    let python = quote_path(python)?;
    write_script(dir, "ar", &format!("#!/bin/sh\nexec {python} -m ziglang ar \"$@\"\n"))
}

fn write_script(dir: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    files::write(&path, text)?;
    run_captured(Command::new("chmod").arg("755").arg(&path))?;
    Ok(path)
}
