//! Engines that are shell scripts, for what no real one does on demand.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::{Env, tree};

/// Where the scripts' own tools are.
const SYSTEM: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

impl Env {
    /// Installs an engine's client, first on the PATH of what is started here: a shell script
    /// that gets the arguments paude would give to the real one. Returns its file.
    ///
    /// In it, `$ROOT` is the directory that holds project and home.
    pub fn fake_engine(&mut self, engine: &str, script: &str) -> PathBuf {
        let file = self.fake_bin().join(engine);
        let root = self.root().display().to_string();
        self.install(&file, &format!("#!/bin/sh\nROOT='{root}'\n{script}\n"));
        let bin = self.fake_bin().display().to_string();
        let path = self.vars.iter().find(|(name, _)| name == "PATH");
        let path = path.map_or(SYSTEM, |(_, path)| path).to_owned();
        if path.split(':').next() != Some(bin.as_str()) {
            self.set("PATH", format!("{bin}:{path}"));
        }
        file
    }

    /// Leaves the fake engines alone on PATH, so that no real one is found.
    pub fn only_fake_engines(&mut self) {
        let bin = self.fake_bin().display().to_string();
        self.set("PATH", bin);
    }

    /// A fake podman that does this on `podman run`, and nothing otherwise.
    pub fn fake_podman_run(&mut self, script: &str) -> PathBuf {
        self.fake_engine("podman", &format!("[ \"$1\" = run ] || exit 0\n{script}"))
    }

    /// Writes a program of the test's own.
    pub fn install(&self, file: &std::path::Path, script: &str) {
        tree::write(file, script);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn fake_bin(&self) -> PathBuf {
        self.root().join("bin")
    }
}
