//! `cargo xtask package`: the package for the registry of crates, made and checked.
//!
//! It carries the built-in policy as a component, so that it builds without the guest's sources and target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::checkout::Checkout;
use crate::files;
use crate::guest;
use crate::process::{self, report, run_captured};
use crate::target;

/// What the manifest of paude says of the next release.
#[derive(Deserialize)]
pub(crate) struct Release {
    pub(crate) version: String,
    /// The address of the repository, if the manifest has one.
    pub(crate) repository: Option<String>,
}

/// The package of one version.
pub(crate) struct Package {
    /// Such as `0.1.0`.
    pub(crate) version: String,
    /// The `.crate` file.
    pub(crate) file: PathBuf,
    /// Its content, unpacked, with the repository's profile for releases.
    pub(crate) source: PathBuf,
    /// cargo's directory for what is built from it.
    target_dir: PathBuf,
}

/// Makes the package and builds the program from it.
pub(crate) fn run(checkout: &Checkout) -> Result<u8> {
    let package = Package::create(checkout)?;
    let mut publish = process::cargo(&checkout.root);
    publish.args(["publish", "--package=paude", "--dry-run", "--no-verify", "--locked"]);
    report(process::format_command(&publish));
    let code = process::run(publish.arg("--allow-dirty"))?;
    ensure!(code == 0, "the package cannot be published");
    let paude = package.build(checkout)?;
    report(format!("{} builds {}", package.file.display(), paude.display()));
    Ok(0)
}

impl Package {
    /// Makes the package, unpacks it and checks that nothing is missing.
    pub(crate) fn create(checkout: &Checkout) -> Result<Self> {
        target::ensure()?;
        let work = checkout.root.join("target/dist-work");
        files::create_dir(&work)?;
        let component = checkout.root.join("host/policy.wasm");
        guest::write(checkout, &component)?;
        check_reproducible(checkout, &work, &component)?;

        let mut cargo = process::cargo(&checkout.root);
        cargo.args(["package", "--package=paude", "--no-verify", "--locked", "--allow-dirty"]);
        report(process::format_command(&cargo));
        ensure!(process::run(&mut cargo)? == 0, "cargo makes no package");
        let version = Release::read(checkout)?.version;
        let file = checkout.root.join(format!("target/package/paude-{version}.crate"));
        let source = work.join("source").join(file.file_stem().context("a package has a name")?);
        unpack(checkout, &file, &source)?;
        for name in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "Cargo.lock"] {
            ensure!(source.join(name).is_file(), "{name} is not in the package");
        }
        ensure!(
            fs::read(source.join("policy.wasm")).ok() == Some(fs::read(&component)?),
            "the package does not hold the component"
        );
        Ok(Self { version, file, source, target_dir: work.join("build") })
    }

    /// Where cargo keeps what it builds from the package.
    pub(crate) fn target_dir(&self) -> &Path {
        &self.target_dir
    }

    /// Builds the program for this machine; the first time takes as long as any release build.
    fn build(&self, checkout: &Checkout) -> Result<PathBuf> {
        let mut cargo = process::cargo(&self.source);
        cargo.args(["build", "--release", "--locked", "--target-dir"]).arg(&self.target_dir);
        report(process::format_command(&cargo));
        ensure!(process::run(&mut cargo)? == 0, "paude does not build from its package");
        let paude = self.target_dir.join("release/paude");
        self.check(checkout, &paude)?;
        Ok(paude)
    }

    /// Fails unless a program that was built from the package, and runs here, has the component of the package.
    pub(crate) fn check(&self, checkout: &Checkout, paude: &Path) -> Result<()> {
        let release = paude.parent().context("a program lies in a directory")?;
        for entry in fs::read_dir(release.join("build"))? {
            let guest = entry?.path().join("out/guest");
            ensure!(!guest.exists(), "the package needs the guest: {} exists", guest.display());
        }
        let component = self.source.join("exported.wasm");
        let _ = fs::remove_file(&component);
        run_captured(Command::new(paude).args(["policy", "export"]).arg(&component))?;
        let expected = fs::read(checkout.root.join("host/policy.wasm"))?;
        ensure!(fs::read(&component)? == expected, "the program has another built-in policy");
        fs::remove_file(component).context("cannot remove what was exported")
    }
}

/// Fails unless a build of the same sources at another place, from nothing, creates the same bytes.
fn check_reproducible(checkout: &Checkout, work: &Path, component: &Path) -> Result<()> {
    let copy = work.join("checkout");
    let _ = fs::remove_dir_all(&copy);
    let mut list = Command::new("git");
    list.current_dir(&checkout.root).args(["ls-files", "-z", "--cached", "--others"]);
    let names = run_captured(list.arg("--exclude-standard"))?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (checkout.root.join(name), copy.join(name));
        // What only the tests read may be missing, and a link to a directory is no source of the guest.
        if from.is_file() {
            files::create_dir(to.parent().context("every file has a parent")?)?;
            fs::copy(&from, &to).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    report("building the built-in policy a second time, to compare");
    let again = guest::build_guest(&copy, &copy.join("target")).map_err(|error| anyhow!(error))?;
    ensure!(
        fs::read(component)? == fs::read(again)?,
        "the guest does not build to the same bytes at another place"
    );
    Ok(())
}

/// Unpacks a `.crate` file into `source` and gives it this repository's profile, unless that was done with the same
/// package before: every file gets the time of now, because cargo compares times only.
fn unpack(checkout: &Checkout, file: &Path, source: &Path) -> Result<()> {
    let dir = source.parent().context("the source has a parent")?;
    let unpacked = dir.join("unpacked.crate");
    if fs::read(&unpacked).ok() == Some(fs::read(file)?) {
        return Ok(());
    }
    let _ = fs::remove_dir_all(dir);
    files::create_dir(dir)?;
    run_captured(Command::new("tar").arg("-xmzf").arg(file).arg("-C").arg(dir))?;
    // Cargo drops profiles from a package, and would take the checkout around it for its workspace. It adds the resolver
    // of this workspace, which enables features for tests only in the program too; without it, the edition decides.
    let manifest = source.join("Cargo.toml");
    let profile = release_profile(&fs::read_to_string(checkout.root.join("Cargo.toml"))?);
    let text = fs::read_to_string(&manifest)?.replace("resolver = \"1\"\n", "");
    files::write(&manifest, &format!("{text}\n[workspace]\n{profile}"))?;
    fs::copy(file, unpacked).map(drop).context("cannot copy the package")
}

impl Release {
    /// Asks cargo for it.
    pub(crate) fn read(checkout: &Checkout) -> Result<Self> {
        let mut cargo = process::cargo(&checkout.root);
        cargo.args(["metadata", "--format-version=1", "--locked", "--no-deps"]);
        let metadata: Value = serde_json::from_str(&run_captured(&mut cargo)?)?;
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let own = packages.iter().find(|package| package["name"] == "paude");
        Ok(Self::deserialize(own.context("cargo knows no package paude")?)?)
    }
}

/// The tables of a manifest that say how a release is compiled.
fn release_profile(manifest: &str) -> String {
    let tables = manifest.split_inclusive('\n').scan(false, |inside, line| {
        if line.starts_with('[') {
            *inside = line.starts_with("[profile.release");
        }
        Some(if *inside { line } else { "" })
    });
    tables.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_profile_of_releases_is_taken() {
        let manifest = "[profile.dev]\na = 1\n[profile.release]\nlto = true\n\
                        [profile.release.package]\nb = {}\n# a comment\n[profile.guest]\nc = 2\n";
        let profile =
            "[profile.release]\nlto = true\n[profile.release.package]\nb = {}\n# a comment\n";
        assert_eq!(release_profile(manifest), profile);
    }
}
