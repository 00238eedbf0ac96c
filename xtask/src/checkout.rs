//! The checkout, and the directories in which the tasks keep files between runs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::files::{create_dir, hash};
use crate::process;

const SETUP_DIR: &str = "target/test-setup";

/// The checkout that the tasks work on.
pub(crate) struct Checkout {
    /// The top directory of the checkout.
    pub(crate) root: PathBuf,
    /// `target/test-setup`: wheels, image, configuration and the file that describes them to the tests.
    pub(crate) setup_dir: PathBuf,
}

impl Checkout {
    /// The checkout that cargo runs this program for, else the one that it was built from.
    pub(crate) fn find() -> Self {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = manifest.parent().unwrap_or(&manifest).to_path_buf();
        let setup_dir = root.join(SETUP_DIR);
        Self { root, setup_dir }
    }

    /// Whether the tests run in a box, whose network is its own, and not directly on this machine.
    pub(crate) fn is_box(&self) -> bool {
        self.setup_dir != self.root.join(SETUP_DIR)
    }

    /// A path below `target/test-setup`.
    pub(crate) fn setup_path(&self, name: &str) -> PathBuf {
        self.setup_dir.join(name)
    }

    /// A short name that no other checkout on this machine has.
    pub(crate) fn key(&self) -> String {
        format!("paude-test-{:08x}", hash(&self.root.display().to_string()) as u32)
    }

    /// Creates a short private directory for sockets and the state of engines, which may be lost at a reboot.
    pub(crate) fn runtime_dir(&self) -> Result<PathBuf> {
        let parent = if process::is_root() {
            PathBuf::from("/run")
        } else {
            std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
        };
        let dir = parent.join(self.key());
        create_dir(&dir)?;
        if !process::is_root() {
            // The parent may be writable for everybody: this fails if another user created the directory.
            process::run_captured(Command::new("chmod").arg("700").arg(&dir))?;
        }
        Ok(dir)
    }
}
