//! `cargo xtask dist`: everything that a release consists of, in `target/dist`.
//!
//! All of it is made from the package of the registry of crates, so that one build proves that package as well.

mod notices;
mod prefix;
mod tools;
mod try_out;
mod wheel;
mod zig;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::checkout::Checkout;
use crate::files;
use crate::package::Package;
use crate::process::report;
use try_out::Trial;
use zig::{TARGETS, ZigTarget};

/// Arguments of `cargo xtask dist`.
#[derive(clap::Args)]
pub(crate) struct DistArgs {
    /// For this machine, with its own compiler and libc
    #[arg(long, conflicts_with = "target")]
    host: bool,
    /// For this target of Linux, with zig (repeatable) [default: all]
    #[arg(long, value_parser = TARGETS.map(|target| target.triple))]
    target: Vec<String>,
}

/// Makes the files and tries out those that run here; returns 0.
pub(crate) fn run(checkout: &Checkout, args: &DistArgs) -> Result<u8> {
    let dist = checkout.root.join("target/dist");
    let _ = fs::remove_dir_all(&dist);
    files::create_dir(&dist)?;
    let package = Package::create(checkout)?;
    let maker = Maker {
        checkout,
        notices: notices::create(checkout)?,
        paude: package.build(checkout)?,
        package,
        dist,
    };
    let triple = tools::host_triple()?;
    let prefix = maker.prefix(&maker.paude, &triple)?;
    wheel::prepare(&maker.package, &prefix)?;
    let trial = Trial::create(checkout, &maker.paude)?;
    if args.host {
        trial.tarball(&maker.tarball(&prefix)?)?;
        trial.wheel(checkout, &wheel::create(checkout, &maker.package, None, &maker.dist)?)?;
    }
    let asked = |target: &&ZigTarget| match &args.target[..] {
        [] => !args.host,
        asked => asked.iter().any(|asked| asked == target.triple),
    };
    for target in TARGETS.iter().filter(asked) {
        maker.make(target, &trial)?;
    }
    maker.finish()?;
    Ok(0)
}

/// What is the same for all targets.
struct Maker<'a> {
    checkout: &'a Checkout,
    package: Package,
    notices: String,
    /// The program for this machine.
    paude: PathBuf,
    /// `target/dist`.
    dist: PathBuf,
}

impl Maker<'_> {
    /// Makes and tries out the files for a target of zig's: an archive with musl, a wheel with either libc.
    fn make(&self, target: &ZigTarget, trial: &Trial) -> Result<()> {
        let program = target.build(self.checkout, &self.package)?;
        let runs = target.arch() == std::env::consts::ARCH;
        if target.glibc.is_none() {
            let prefix = self.prefix(&program, target.triple)?;
            let tarball = self.tarball(&prefix)?;
            if runs {
                trial.tarball(&tarball)?;
            }
        }
        let wheel = wheel::create(self.checkout, &self.package, Some(target), &self.dist)?;
        if runs && target.glibc.is_some() {
            trial.wheel(self.checkout, &wheel)?;
        }
        Ok(())
    }

    fn prefix(&self, program: &Path, triple: &str) -> Result<PathBuf> {
        let name = format!("paude-{}-{triple}", self.package.version);
        prefix::create(self.checkout, program, &self.paude, &self.notices, &name)
    }

    fn tarball(&self, prefix: &Path) -> Result<PathBuf> {
        prefix::pack(prefix, &self.dist)
    }

    /// Adds the package, the source distribution and the checksums, and reports what there is.
    fn finish(&self) -> Result<()> {
        let name = self.package.file.file_name().context("a package has a name")?;
        fs::copy(&self.package.file, self.dist.join(name))?;
        wheel::create_sdist(self.checkout, &self.package, &self.dist)?;
        write_sums(&self.dist)?;
        for (name, path) in list(&self.dist)? {
            report(format!("{:>9} {name}", fs::metadata(path)?.len()));
        }
        Ok(())
    }
}

/// Writes `SHA256SUMS`, which `sha256sum --check` reads.
fn write_sums(dist: &Path) -> Result<()> {
    let mut text = String::new();
    for (name, path) in list(dist)? {
        let sum = Sha256::digest(fs::read(path)?);
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{sum}  {name}\n"));
    }
    files::write(&dist.join("SHA256SUMS"), &text)
}

/// The names and paths of the files in a directory, sorted.
fn list(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        files.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    files.sort();
    Ok(files)
}
