//! The programs that are measured, built as they are released.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::place::Place;
use crate::process;

/// What is measured.
pub(super) struct Programs {
    /// paude, as `cargo install` builds it.
    pub(super) paude: PathBuf,
    /// The built-in rules without WebAssembly.
    pub(super) native: PathBuf,
}

impl Programs {
    /// Builds both, and puts them beside each other as `cargo install` does: a copy. What the
    /// linker wrote lies in memory in smaller pieces until the next boot, and starts later by
    /// a tenth. The first time takes some minutes.
    pub(super) fn build(place: &Place) -> Result<Self> {
        for what in [
            ["--package", "paude", "--bin", "paude"],
            ["--package", "paude-guest", "--example", "native"],
        ] {
            let mut build = process::cargo(&place.root);
            let code = process::exit_code(build.args(["build", "--release"]).args(what))?;
            ensure!(code == 0, "`{}` does not build", what[3]);
        }
        let release = place.root.join("target/release");
        let bin = place.root.join("target/bench/bin");
        fs::create_dir_all(&bin)?;
        let install = |built: &str, name: &str| -> Result<PathBuf> {
            let installed = bin.join(name);
            // Not over the old one, which would keep its pieces.
            let _ = fs::remove_file(&installed);
            fs::copy(release.join(built), &installed)?;
            Ok(installed)
        };
        Ok(Self {
            paude: install("paude", "paude")?,
            native: install("examples/native", "native")?,
        })
    }

    /// paude with a home of its own, so that nothing of the person's counts.
    pub(super) fn paude(&self, place: &Place) -> Command {
        let mut command = Command::new(&self.paude);
        let home = place.root.join("target/bench/home");
        command.env("HOME", &home).env_remove("XDG_STATE_HOME").env_remove("XDG_CACHE_HOME");
        command.env_remove("XDG_CONFIG_HOME");
        command
    }
}
