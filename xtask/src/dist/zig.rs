//! Builds for other libcs and architectures, with zig as the C compiler and linker.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::tools;
use crate::checkout::Checkout;
use crate::package::Package;
use crate::process::{self, report};
use crate::target;

/// A target of zig's.
pub(super) struct ZigTarget {
    /// The name that rustc has for it.
    pub(super) triple: &'static str,
    /// The newest version of glibc that the program may need; `None` for a static program with musl.
    pub(super) glibc: Option<(u32, u32)>,
    /// The system that a wheel is marked for.
    pub(super) compatibility: &'static str,
}

/// All that run on Linux.
pub(super) const TARGETS: [ZigTarget; 4] = [
    musl("x86_64-unknown-linux-musl"),
    gnu("x86_64-unknown-linux-gnu"),
    musl("aarch64-unknown-linux-musl"),
    gnu("aarch64-unknown-linux-gnu"),
];

const fn musl(triple: &'static str) -> ZigTarget {
    ZigTarget { triple, glibc: None, compatibility: "musllinux_1_2" }
}

const fn gnu(triple: &'static str) -> ZigTarget {
    ZigTarget { triple, glibc: Some((2, 28)), compatibility: "manylinux_2_28" }
}

impl ZigTarget {
    /// The architecture, such as `aarch64`.
    pub(super) fn arch(&self) -> &str {
        self.triple.split('-').next().unwrap_or_default()
    }

    /// What cargo needs beside the name of the target.
    pub(super) fn features(&self) -> &'static [&'static str] {
        if self.arch() == std::env::consts::ARCH { &[] } else { &["--features", "cross"] }
    }

    /// Builds the program from the package, and checks what it needs of a system.
    pub(super) fn build(&self, checkout: &Checkout, package: &Package) -> Result<PathBuf> {
        target::add(self.triple)?;
        let mut cargo = Command::new(tools::zigbuild(checkout)?);
        cargo.current_dir(&package.source).args(["zigbuild", "--release", "--locked", "--target"]);
        cargo.arg(match self.glibc {
            Some((major, minor)) => format!("{}.{major}.{minor}", self.triple),
            None => self.triple.to_owned(),
        });
        cargo.args(self.features()).arg("--target-dir").arg(package.target_dir());
        report(process::format_command(&cargo));
        let code = process::run(cargo.env(tools::ZIG_VARIABLE, tools::zig(checkout)?))?;
        ensure!(code == 0, "paude does not build for {}", self.triple);
        let paude = package.target_dir().join(self.triple).join("release/paude");
        self.check(&paude)?;
        Ok(paude)
    }

    fn check(&self, paude: &Path) -> Result<()> {
        let bytes = fs::read(paude).with_context(|| format!("{} is missing", paude.display()))?;
        let needed = newest_glibc(&bytes);
        match self.glibc {
            Some(limit) => ensure!(
                needed.is_some_and(|needed| needed <= limit),
                "{} needs glibc {needed:?}, and not {limit:?}",
                paude.display()
            ),
            None => ensure!(
                needed.is_none() && !contains(&bytes, b"/ld-musl-"),
                "{} is not static",
                paude.display()
            ),
        }
        Ok(())
    }
}

/// The newest version of glibc that a program names; `None` if it is not linked to glibc.
fn newest_glibc(program: &[u8]) -> Option<(u32, u32)> {
    const NAME: &[u8] = b"GLIBC_";
    let names = program.windows(NAME.len()).enumerate().filter(|(_, bytes)| *bytes == NAME);
    let versions = names.filter_map(|(at, _)| {
        let text = &program[at + NAME.len()..];
        let end = text.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let mut numbers = std::str::from_utf8(&text[..end]).ok()?.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    });
    versions.max()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_compared_as_numbers() {
        assert_eq!(newest_glibc(b"\0GLIBC_2.9\0GLIBC_2.28\0GLIBC_2.2.5\0"), Some((2, 28)));
        assert_eq!(newest_glibc(b"GLIBC_PRIVATE\0 nothing"), None);
    }
}
