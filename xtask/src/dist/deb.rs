//! The package for Debian and what is made from it; `[package.metadata.deb]` in `host/Cargo.toml` lists its files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::target::Target;
use super::{new_file, tools};
use crate::checkout::Checkout;
use crate::files;
use crate::package::Package;
use crate::process::{format_command, report, run_captured};

/// Who answers for the package. Debian demands an address, and there is none yet: nobody can own one at `example.org`.
const MAINTAINER: &str = "The paude authors <paude@example.org>";

/// What Debian wants to know of a package, by names.
const TEXTS: [(&str, &str); 2] = [
    ("copyright", include_str!("debian/copyright")),
    ("lintian-overrides", include_str!("debian/lintian-overrides")),
];

/// Makes the package of a target with what is in a prefix; returns it.
pub(super) fn create(
    checkout: &Checkout,
    package: &Package,
    target: &Target,
    prefix: &Path,
    dist: &Path,
) -> Result<PathBuf> {
    let debian = package.source.join("debian");
    let _ = fs::remove_dir_all(&debian);
    files::create_dir(&debian)?;
    symlink(prefix, debian.join("prefix")).context("cannot link the prefix")?;
    for (name, text) in TEXTS {
        files::write(&debian.join(name), text)?;
    }
    files::write(&debian.join("changelog"), &changelog(checkout, &package.version)?)?;
    let mut deb = Command::new(tools::cargo_deb(checkout)?);
    deb.current_dir(&package.source).args(["--no-build", "--no-strip", "--locked", "--quiet"]);
    deb.args(["--target", &target.triple, "--maintainer", MAINTAINER, "--output"]).arg(dist);
    deb.envs([tools::commit_time(checkout)?]);
    report(format_command(&deb));
    new_file(dist, || run_captured(&mut deb).map(drop)).context("cargo-deb wrote no package")
}

/// One entry, dated like the last commit, so that the same commit makes the same package.
fn changelog(checkout: &Checkout, version: &str) -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(&checkout.root).args(["log", "-1", "--format=%cD"]);
    let date = run_captured(&mut git)?;
    Ok(format!(
        "paude ({version}-1) unstable; urgency=medium\n\n  \
         * Release {version}: changelog.gz beside this file has the changes.\n\n \
         -- {MAINTAINER}  {date}\n"
    ))
}
