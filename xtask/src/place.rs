//! Where things are: the checkout, and what the set-up keeps between runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The directories which the chores work in.
pub(crate) struct Place {
    /// The top of the checkout.
    pub(crate) root: PathBuf,
    /// `target/test-setup`: wheels, image, configuration and the file that tells the tests about them.
    pub(crate) dir: PathBuf,
}

impl Place {
    /// The checkout that cargo runs us for, else the one that this program was built from.
    pub(crate) fn find() -> Self {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = manifest.parent().unwrap_or(&manifest).to_path_buf();
        let dir = root.join("target/test-setup");
        Self { root, dir }
    }

    /// A path below `target/test-setup`.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A short name which no other checkout on this machine has.
    pub(crate) fn key(&self) -> String {
        format!("paude-test-{:08x}", hash(&self.root.display().to_string()) as u32)
    }

    /// A short private directory for sockets and the state of engines, which need not outlive the machine's uptime.
    pub(crate) fn runtime(&self) -> Result<PathBuf> {
        let parent = if process::is_root() {
            PathBuf::from("/run")
        } else {
            std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
        };
        let dir = parent.join(self.key());
        make_dir(&dir)?;
        if !process::is_root() {
            // In a directory which all may write to: this fails where somebody else made it.
            process::quietly(Command::new("chmod").arg("700").arg(&dir))?;
        }
        Ok(dir)
    }
}

/// `mkdir -p`, with the path in the error.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))
}

/// Writes a small file, with the path in the error.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// FNV-1a: the same on every machine and with every compiler.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
