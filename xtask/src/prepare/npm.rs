//! Packages of npm, which are fetched into folders of their own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::process::{run_captured, which};

/// The oldest Node that the packages of the tests run on.
const NODE_MAJOR: u32 = 20;

/// Node and npm of this machine.
pub(super) struct Npm {
    pub(super) node: PathBuf,
    npm: PathBuf,
}

impl Npm {
    pub(super) fn find() -> Result<Self> {
        let (Some(node), Some(npm)) = (which("node"), which("npm")) else {
            bail!("node and npm are not installed here");
        };
        Ok(Self { node, npm })
    }

    /// The version of Node. Fails if it is too old.
    pub(super) fn node_version(&self) -> Result<String> {
        let version = run_captured(Command::new(&self.node).arg("--version"))?;
        let major = version.trim_start_matches('v').split('.').next();
        let major = major.and_then(|text| text.parse::<u32>().ok());
        ensure!(
            major >= Some(NODE_MAJOR),
            "node {version} is too old; {NODE_MAJOR} or newer is needed"
        );
        Ok(version)
    }

    /// Installs packages in a folder, or those that its `package.json` names, and runs no scripts of theirs.
    pub(super) fn install<S: AsRef<OsStr>>(&self, dir: &Path, args: &[S]) -> Result<()> {
        let mut install = Command::new(&self.npm);
        install.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run_captured(install.arg(dir).args(args).current_dir(dir)).map(drop)
    }
}
