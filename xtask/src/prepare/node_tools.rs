//! The package managers of Node.js besides npm, with which the tests try the policy `node`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::cached::cached;
use super::npm::Npm;
use crate::checkout::Checkout;
use crate::files;
use crate::process::report;

const YARN: [&str; 2] = ["yarn@1.22.22", "@yarnpkg/cli-dist@4.18.1"];

/// Fetches the programs, each into a folder of packages of its own, or as one file.
pub(super) fn ensure(checkout: &Checkout) -> Result<PathBuf> {
    let npm = Npm::find()?;
    // The programs themselves: the packages `pnpm` and `bun` only choose one of them.
    let (pnpm, bun) = match std::env::consts::ARCH {
        "x86_64" => ("@pnpm/exe.linux-x64", "@oven/bun-linux-x64"),
        "aarch64" => ("@pnpm/exe.linux-arm64", "@oven/bun-linux-aarch64"),
        other => bail!("pnpm and bun are not available for {other}"),
    };
    let packages = [YARN[0], YARN[1], &format!("{pnpm}@12.21.0"), &format!("{bun}@1.4.5")];
    cached(checkout, "node-tools", &packages.join(" "), |part| {
        report(format!("fetching from npm: {} (60 MB)", packages.join(", ")));
        files::create_dir(part)?;
        npm.install(part, &[&["--no-package-lock"], &packages[..]].concat())?;
        let modules = part.join("node_modules");
        for (from, to) in [
            (modules.join(pnpm).join("pnpm"), part.join("pnpm")),
            (modules.join(bun).join("bin/bun"), part.join("bun")),
            (modules.join("yarn"), part.join("yarn1")),
            (modules.join("@yarnpkg/cli-dist"), part.join("yarn4")),
        ] {
            std::fs::rename(from, to)?;
        }
        std::fs::remove_dir_all(modules)?;
        Ok(())
    })
}
