//! The package sources and download settings of this machine, for mmdebstrap.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;
use crate::files;
use crate::process::{report, run_captured, which};

/// The package sources of the machine's own distribution, as listed by apt, without those of third parties.
pub(super) fn sources() -> Result<String> {
    if which("mmdebstrap").is_none() || which("apt-get").is_none() {
        bail!("apt-get and mmdebstrap are not installed");
    }
    let list = || {
        let format = "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)";
        let args = ["indextargets", "Created-By: Packages", "--format", format];
        run_captured(Command::new("apt-get").args(args))
    };
    let mut targets = list()?;
    if targets.is_empty() {
        report("fetching the package lists (apt-get update)");
        run_captured(Command::new("apt-get").args(["--quiet", "update"]))?;
        targets = list()?;
    }
    let mut lines: Vec<String> = targets.lines().filter_map(source_line).collect();
    lines.sort();
    lines.dedup();
    if lines.is_empty() {
        bail!("apt has no source of Debian or Ubuntu packages");
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

/// The start of a source line for any suite of Debian, if this machine uses Debian.
pub(crate) fn debian_mirror() -> Result<String> {
    let sources = sources()?;
    let mut mirrors = sources.lines().filter_map(|line| {
        let (mirror, release) = line.strip_suffix(" main")?.rsplit_once(' ')?;
        let is_debian = mirror.contains("debian-archive-keyring") && !release.contains('-');
        is_debian.then(|| mirror.to_owned())
    });
    mirrors.next().context("apt has no source of Debian packages")
}

/// Writes this machine's settings for downloads, such as a proxy, to a file for mmdebstrap.
pub(crate) fn write_options(checkout: &Checkout) -> Result<PathBuf> {
    let options = checkout.setup_path("rootfs.apt.conf");
    let dump = run_captured(Command::new("apt-config").args(["dump", "Acquire"]))?;
    let dump: Vec<&str> =
        dump.lines().filter(|line| !line.starts_with("Acquire::IndexTargets")).collect();
    files::write(&options, &(dump.join("\n") + "\n"))?;
    Ok(options)
}
