//! The programs that are measured, built as for a release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::checkout::Checkout;
use crate::files;
use crate::process;

/// The built programs.
pub(super) struct Programs {
    /// paude, as `cargo install` builds it.
    pub(super) paude: PathBuf,
    /// The built-in rules without WebAssembly.
    pub(super) native: PathBuf,
    /// A home directory of paude's own, so that the developer's settings have no effect.
    pub(super) home: PathBuf,
}

impl Programs {
    /// Builds both and installs them by a copy, as `cargo install` does: a file that the linker wrote is in smaller pieces
    /// in the page cache and starts more slowly, by a tenth. The first build takes some minutes.
    pub(super) fn build(checkout: &Checkout) -> Result<Self> {
        for what in [
            ["--package", "paude", "--bin", "paude"],
            ["--package", "paude-guest", "--example", "native"],
        ] {
            let mut build = process::cargo(&checkout.root);
            let code = process::run(build.args(["build", "--release"]).args(what))?;
            ensure!(code == 0, "`{}` does not build", what[3]);
        }
        let release = checkout.root.join("target/release");
        let bin = checkout.root.join("target/bench/bin");
        files::create_dir(&bin)?;
        let install = |built: &str, name: &str| -> Result<PathBuf> {
            let installed = bin.join(name);
            // A copy over the old file would keep its pieces in the page cache.
            let _ = fs::remove_file(&installed);
            fs::copy(release.join(built), &installed)?;
            Ok(installed)
        };
        Ok(Self {
            paude: install("paude", "paude")?,
            native: install("examples/native", "native")?,
            home: checkout.root.join("target/bench/home"),
        })
    }

    /// A command of paude, independent of the developer's settings.
    pub(super) fn paude(&self) -> Command {
        let mut command = Command::new(&self.paude);
        command.env("HOME", &self.home).env_remove("XDG_STATE_HOME").env_remove("XDG_CACHE_HOME");
        command.env_remove("XDG_CONFIG_HOME");
        command
    }

    /// `paude plan --format json` of a project.
    pub(super) fn plan(&self, project: &Path) -> Command {
        let mut command = self.paude();
        command.args(["plan", "--format", "json", "-C"]).arg(project);
        command
    }
}
