//! The targets that programs are built for.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::tools;

/// The architectures of the files for Linux.
const LINUX: [&str; 2] = ["x86_64", "aarch64"];

/// A target.
pub(super) struct Target {
    /// The name that rustc has for it.
    pub(super) triple: String,
}

/// The targets besides [`Target::own`].
pub(super) fn others() -> impl Iterator<Item = Target> {
    let is_other = |arch: &&str| !(OS == "linux" && *arch == ARCH);
    LINUX.into_iter().filter(is_other).map(Target::linux)
}

/// The targets of all files for Linux.
pub(super) fn linux() -> impl Iterator<Item = Target> {
    LINUX.into_iter().map(Target::linux)
}

impl Target {
    /// That of the programs that run here.
    pub(super) fn own() -> Result<Self> {
        if OS == "linux" {
            return Ok(Self::linux(ARCH));
        }
        Ok(Self { triple: tools::host_triple()? })
    }

    /// That with musl, whose programs are static and so run with any libc.
    fn linux(arch: &str) -> Self {
        Self { triple: format!("{arch}-unknown-linux-musl") }
    }

    pub(super) fn is_linux(&self) -> bool {
        self.triple.ends_with("-linux-musl")
    }

    pub(super) fn arch(&self) -> &str {
        self.triple.split('-').next().unwrap_or_default()
    }

    pub(super) fn runs_here(&self) -> bool {
        self.arch() == ARCH && self.is_linux() == (OS == "linux")
    }

    /// What cargo needs beside the name of the target.
    pub(super) fn features(&self) -> &'static [&'static str] {
        if self.arch() == ARCH { &[] } else { &["--features", "cross"] }
    }

    /// Fails unless a program needs nothing of the system but its kernel, where that is possible.
    pub(super) fn check(&self, program: &Path) -> Result<()> {
        let shown = program.display();
        let bytes = fs::read(program).with_context(|| format!("cannot read {shown}"))?;
        ensure!(!self.is_linux() || is_static(&bytes) == Some(true), "{shown} is not static");
        Ok(())
    }
}

/// Whether an ELF file of 64 bits starts without an interpreter, which would load libraries; `None` if it is none.
fn is_static(program: &[u8]) -> Option<bool> {
    const INTERPRETER: [u8; 4] = 3_u32.to_le_bytes();
    let number =
        |at: usize| Some(usize::from(u16::from_le_bytes(*program.get(at..)?.first_chunk()?)));
    // The magic bytes, 64 bits, little endian.
    program.starts_with(b"\x7fELF\x02\x01").then_some(())?;
    let start = usize::try_from(u64::from_le_bytes(*program.get(32..)?.first_chunk()?)).ok()?;
    let (size, count) = (number(54)?, number(56)?);
    let headers = program.get(start..start + size * count)?;
    (size > 0).then(|| headers.chunks(size).all(|header| !header.starts_with(&INTERPRETER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_an_interpreter_is_not_static() {
        let mut program = vec![0; 64];
        program[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (program[32], program[54], program[56]) = (64, 56, 2);
        program.extend([1; 56]);
        program.extend([0; 56]);
        assert_eq!(is_static(&program), Some(true));
        program[120] = 3;
        assert_eq!(is_static(&program), Some(false));
        assert_eq!(is_static(&program[..100]), None);
        assert_eq!(is_static(b"#!/bin/sh"), None);
    }

    #[test]
    fn each_target_is_made_once() {
        let own = Target::own().unwrap().triple;
        let mut all: Vec<_> = others().map(|target| target.triple).chain([own]).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
