//! `cargo xtask dist`: everything that a release consists of, in `target/dist`.
//!
//! All of it is made from the package of the registry of crates, so that one build proves that package as well. A
//! program for Linux is static, so that one of each architecture serves the archive, the wheel and the `.deb`.

mod deb;
mod installers;
mod notices;
mod prefix;
mod target;
mod tools;
mod try_out;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::checkout::Checkout;
use crate::files;
use crate::package::{Package, Release};
use crate::process::report;
use target::Target;
use try_out::Trial;

/// The file with the sums of the others.
const SUMS: &str = "SHA256SUMS";

/// Arguments of `cargo xtask dist`.
#[derive(clap::Args)]
pub(crate) struct DistArgs {
    /// Only for this machine's architecture, which takes half the time
    #[arg(long)]
    pub(crate) host: bool,
    /// Make nothing: sum the files in this directory, which several machines made, and write what installs them
    #[arg(long, value_name = "DIR", conflicts_with = "host")]
    pub(crate) collect: Option<PathBuf>,
}

/// Makes the files and tries out those that run here; returns 0.
pub(crate) fn run(checkout: &Checkout, args: &DistArgs) -> Result<u8> {
    if let Some(dist) = &args.collect {
        collect(checkout, dist)?;
        return Ok(0);
    }
    let dist = checkout.root.join("target/dist");
    let _ = fs::remove_dir_all(&dist);
    files::create_dir(&dist)?;
    let package = Package::create(checkout)?;
    let notices = notices::create(checkout)?;
    wheel::prepare(&package, &notices)?;
    let own = Target::own()?;
    let paude = wheel::build(checkout, &package, &own)?;
    package.check(checkout, &paude)?;
    let maker = Maker { checkout, package, notices, paude, dist };
    maker.make(&own)?;
    if !args.host {
        target::others().try_for_each(|target| maker.make(&target))?;
    }
    maker.finish(&own)?;
    Ok(0)
}

/// What is the same for all targets.
struct Maker<'a> {
    checkout: &'a Checkout,
    package: Package,
    notices: String,
    /// The program for this machine, which writes the manual pages.
    paude: PathBuf,
    /// `target/dist`.
    dist: PathBuf,
}

impl Maker<'_> {
    /// Makes archive, wheel and `.deb` of a target, and tries out what runs here.
    fn make(&self, target: &Target) -> Result<()> {
        let program = wheel::build(self.checkout, &self.package, target)?;
        target.check(&program)?;
        let name = format!("paude-{}-{}", self.package.version, target.triple);
        let prefix = prefix::create(self.checkout, &program, &self.paude, &self.notices, &name)?;
        let tarball = prefix::pack(&prefix, &self.dist)?;
        let wheel = wheel::create(self.checkout, &self.package, target, &prefix, &self.dist)?;
        wheel::take_sbom(&self.package, &wheel, &self.dist.join(format!("{name}.cdx.json")))?;
        let deb = match target.is_linux() {
            true => Some(deb::create(self.checkout, &self.package, target, &prefix, &self.dist)?),
            false => None,
        };
        if let Some(trial) = Trial::create(self.checkout, target, &self.paude)? {
            trial.tarball(&tarball)?;
            trial.wheel(self.checkout, &wheel)?;
            deb.map_or(Ok(()), |deb| trial.deb(&deb))?;
        }
        Ok(())
    }

    /// Adds the package, the source distribution, the installers and the checksums, and reports what there is.
    fn finish(&self, own: &Target) -> Result<()> {
        let name = self.package.file.file_name().context("a package has a name")?;
        fs::copy(&self.package.file, self.dist.join(name))?;
        wheel::create_sdist(self.checkout, &self.package, &self.dist)?;
        collect(self.checkout, &self.dist)?;
        if let Some(trial) = Trial::create(self.checkout, own, &self.paude)? {
            trial.script(&self.dist)?;
        }
        for (name, path) in list(&self.dist)? {
            report(format!("{:>9} {name}", fs::metadata(path)?.len()));
        }
        Ok(())
    }
}

/// Writes what installs the archives of a directory, and the sums of all files in it.
fn collect(checkout: &Checkout, dist: &Path) -> Result<()> {
    write_sums(dist)?;
    installers::write(&Release::read(checkout)?, dist)?;
    write_sums(dist)
}

/// Writes `SHA256SUMS`, which `sha256sum --check` reads.
fn write_sums(dist: &Path) -> Result<()> {
    let mut text = String::new();
    for (name, path) in list(dist)?.into_iter().filter(|(name, _)| name != SUMS) {
        let sum = Sha256::digest(fs::read(path)?);
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{sum}  {name}\n"));
    }
    files::write(&dist.join(SUMS), &text)
}

/// The file that a tool adds to a directory.
fn new_file(dir: &Path, make: impl FnOnce() -> Result<()>) -> Result<PathBuf> {
    let before = list(dir)?;
    make()?;
    let new = list(dir)?.into_iter().find(|file| !before.contains(file));
    new.map(|(_, path)| path).context("no file is new")
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
