//! The file system of the test image, from the packages of this machine's own Debian or Ubuntu.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::place::{self, Place};
use crate::process::{quietly, say, which};

/// A built root file system.
pub(crate) struct Image {
    /// The archive that engines import.
    pub(crate) tar: PathBuf,
    /// Changes whenever the image would.
    pub(crate) recipe: String,
    /// The version of its Python, as `3.11`.
    pub(crate) python: String,
}

const PACKAGES: &str = "python3,python3-venv";

/// Runs in a shell as mmdebstrap's last step, with the new root as `$1`.
const FINISH: &str = r#"set -eu
chmod 755 "$1/usr/local/bin/uv"
ln -sf python3 "$1/usr/bin/python"
echo 'appuser:x:1234:1234::/home/appuser:/bin/sh' >>"$1/etc/passwd"
echo 'appuser:x:1234:' >>"$1/etc/group"
mkdir -p "$1/home/appuser"
chown 1234:1234 "$1/home/appuser"
rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap
"#;

/// Finds the archive of this recipe, or builds it.
pub(crate) fn ensure(place: &Place, uv: &Path) -> Result<Image> {
    let built = place.at("rootfs.recipe");
    let tar = place.at("rootfs.tar");
    let sources = sources()?;
    let uv_stamp = fs::read_to_string(place.at("uv-wheel.stamp"))?;
    let recipe = format!("{:016x}", place::hash(&[&sources, PACKAGES, FINISH, &uv_stamp].concat()));
    if !(tar.exists() && fs::read_to_string(&built).is_ok_and(|had| had == recipe)) {
        let _ = fs::remove_file(&built);
        build(place, &sources, uv, &tar)?;
        place::write(&built, &recipe)?;
    }
    let python = python_in(&tar)?;
    Ok(Image { tar, recipe, python })
}

/// The machine's own sources of its distribution, as apt itself tells them: third parties are left out.
fn sources() -> Result<String> {
    if which("mmdebstrap").is_none() || which("apt-get").is_none() {
        bail!("building the test image needs apt-get and mmdebstrap");
    }
    let list = || {
        let format = "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)";
        quietly(Command::new("apt-get").args([
            "indextargets",
            "Created-By: Packages",
            "--format",
            format,
        ]))
    };
    let mut targets = list()?;
    if targets.is_empty() {
        say("fetching the lists of packages (apt-get update)");
        quietly(Command::new("apt-get").args(["--quiet", "update"]))?;
        targets = list()?;
    }
    let mut lines: Vec<String> = targets.lines().filter_map(source_line).collect();
    lines.sort();
    lines.dedup();
    if lines.is_empty() {
        bail!("apt knows no source of Debian or Ubuntu packages");
    }
    Ok(lines.join("\n") + "\n")
}

fn source_line(target: &str) -> Option<String> {
    let [origin, uri, release, component] =
        target.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let distribution = match origin {
        "Debian" => "debian",
        "Ubuntu" => "ubuntu",
        _ => return None,
    };
    let keys = ["gpg", "pgp"]
        .map(|end| format!("/usr/share/keyrings/{distribution}-archive-keyring.{end}"));
    let signed =
        keys.iter().find(|key| Path::new(key).exists()).map(|key| format!(" [signed-by={key}]"));
    Some(format!("deb{} {uri} {release} {component}", signed.unwrap_or_default()))
}

fn build(place: &Place, sources: &str, uv: &Path, tar: &Path) -> Result<()> {
    say(
        "building the test image with mmdebstrap, from this machine's package sources (about a minute)",
    );
    let start = Instant::now();
    let sources_file = place.at("rootfs.list");
    place::write(&sources_file, sources)?;
    let options = place.at("rootfs.apt.conf");
    let dump = quietly(Command::new("apt-config").args(["dump", "Acquire"]))?;
    let dump: Vec<&str> =
        dump.lines().filter(|line| !line.starts_with("Acquire::IndexTargets")).collect();
    place::write(&options, &(dump.join("\n") + "\n"))?;
    let part = place.at("rootfs.part.tar");
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=essential", "--format=tar", "--dpkgopt=force-unsafe-io"]);
    command.arg(format!("--include={PACKAGES}"));
    for dropped in ["doc", "man", "locale", "info"] {
        command.arg(format!("--dpkgopt=path-exclude=/usr/share/{dropped}/*"));
    }
    command.arg(format!("--aptopt={}", options.display()));
    // mmdebstrap's own `upload` reads the file as us, also where all the rest runs as another user.
    command.arg(format!("--customize-hook=upload '{}' /usr/local/bin/uv", uv.display()));
    command.arg(format!("--customize-hook={FINISH}"));
    quietly(command.arg("").arg(&part).arg(&sources_file))
        .context("the test image could not be built")?;
    fs::rename(part, tar)?;
    say(format!("built the test image in {} s", start.elapsed().as_secs()));
    Ok(())
}

/// The version of the Python in the archive, by the name of its program.
fn python_in(tar: &Path) -> Result<String> {
    let names = quietly(Command::new("tar").arg("--list").arg("--file").arg(tar))?;
    let version = |name: &str| {
        let version = name.trim_start_matches("./").strip_prefix("usr/bin/python3.")?;
        version.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("3.{version}"))
    };
    names.lines().find_map(version).context("the test image has no Python")
}
