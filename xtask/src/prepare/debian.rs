//! Packages of another release of Debian, unpacked and not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::apt;
use super::cached::cached;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured};

/// Finds or makes the folder with the files of these packages, without what they depend on.
pub(crate) fn unpack(
    checkout: &Checkout,
    name: &str,
    suite: &str,
    packages: &[&str],
) -> Result<PathBuf> {
    let source = format!("{} {suite} main", apt::debian_mirror()?);
    let recipe = format!("{source} {}", packages.join(" "));
    cached(checkout, name, &recipe, |part| {
        report(format!("fetching from Debian {suite}: {}", packages.join(" ")));
        let start = Instant::now();
        let apt = part.join("apt");
        files::create_dir(&apt.join("lists/partial"))?;
        download(&apt, &source, packages)?;
        let unpacked = extract(&apt, part)?;
        ensure!(unpacked == packages.len(), "apt-get downloaded {unpacked} packages");
        fs::remove_dir_all(&apt).context("cannot remove the downloads")?;
        report(format!("unpacked them in {} s", start.elapsed().as_secs()));
        Ok(())
    })
}

/// Extracts the packages of a directory; returns how many there are.
pub(super) fn extract(from: &Path, to: &Path) -> Result<usize> {
    let mut extracted = 0;
    for entry in fs::read_dir(from)? {
        let file = entry?.path();
        if file.extension().is_some_and(|end| end == "deb") {
            run_captured(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(to))?;
            extracted += 1;
        }
    }
    Ok(extracted)
}

/// Downloads the packages into `dir`, with lists of its own: nothing of the system's apt changes.
fn download(dir: &Path, source: &str, packages: &[&str]) -> Result<()> {
    let sources = dir.join("sources.list");
    files::write(&sources, &format!("{source}\n"))?;
    let apt_get = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(dir).arg("--quiet").args(args);
        for (option, path) in [
            ("Dir::Etc::SourceList", sources.as_path()),
            ("Dir::Etc::SourceParts", Path::new("/dev/null")),
            ("Dir::State::Lists", &dir.join("lists")),
            ("Dir::Cache", &dir.join("cache")),
        ] {
            command.arg(format!("--option={option}={}", path.display()));
        }
        // The user of apt's own sandbox may not enter this directory.
        command.args(["--option=APT::Sandbox::User=root", "--option=Acquire::Languages=none"]);
        run_captured(&mut command).map(drop)
    };
    apt_get(&["update"])?;
    apt_get(&[&["download"], packages].concat())
}
