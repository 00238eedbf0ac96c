//! `cargo xtask check-macos`: type-check paude for macOS on a machine that has no Apple tools.
//!
//! One dependency compiles C. Its compiler is clang as zig brings it, with the headers of macOS, from a wheel.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::place::{self, Place};
use crate::prepare::target;
use crate::process::{self, quietly, say};

const TRIPLE: &str = "aarch64-apple-darwin";
const ZIG: &str = "ziglang==0.17.1";

/// `cargo check`, with the compiler for C in place; the exit code is cargo's.
pub(crate) fn run(place: &Place) -> Result<u8> {
    target::ensure()?;
    target::add(TRIPLE)?;
    let dir = place.root.join("target/check-macos");
    place::make_dir(&dir)?;
    let python = zig(&dir)?;
    let mut check = process::cargo(&place.root);
    check.args(["check", "--package", "paude", "--target", TRIPLE]);
    check.env("CC_aarch64_apple_darwin", cc(&dir, &python)?);
    check.env("AR_aarch64_apple_darwin", ar(&dir, &python)?);
    say(process::show(&check));
    process::exit_code(&mut check)
}

/// An environment that has zig; returns its Python.
fn zig(dir: &Path) -> Result<PathBuf> {
    let python = dir.join("venv/bin/python");
    let (_, version) = ZIG.split_once("==").context("a version is pinned")?;
    let has = |python: &Path| {
        let mut version = Command::new(python);
        quietly(version.args(["-c", "import importlib.metadata as m; print(m.version('ziglang'))"]))
    };
    if has(&python).is_ok_and(|had| had == version) {
        return Ok(python);
    }
    say(format!("fetching from PyPI: {ZIG} (about 100 MB)"));
    let base = process::python().context("no python3 on this machine")?;
    quietly(Command::new(base).args(["-m", "venv", "--clear"]).arg(dir.join("venv")))?;
    quietly(Command::new(&python).args(["-m", "pip", "install", "--quiet", ZIG]))?;
    Ok(python)
}

/// What cc asks of Apple's clang and zig does not take is dropped: it is in the target already.
fn cc(dir: &Path, python: &Path) -> Result<PathBuf> {
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
         exec '{}' -m ziglang cc -target aarch64-macos \"$@\"\n",
        python.display()
    );
    script(dir, "cc", &text)
}

fn ar(dir: &Path, python: &Path) -> Result<PathBuf> {
    script(dir, "ar", &format!("#!/bin/sh\nexec '{}' -m ziglang ar \"$@\"\n", python.display()))
}

fn script(dir: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    place::write(&path, text)?;
    quietly(Command::new("chmod").arg("755").arg(&path))?;
    Ok(path)
}
