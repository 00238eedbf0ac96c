//! The directories that a package installs, below one prefix such as `/usr/local`, and their archive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::tools;
use crate::checkout::Checkout;
use crate::files;
use crate::process::run_captured;

/// A completion script: the shell, and where a prefix keeps it.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/paude"),
    ("fish", "share/fish/vendor_completions.d/paude.fish"),
    ("zsh", "share/zsh/site-functions/_paude"),
];

/// What a user reads and what the licences demand.
const DOCUMENTS: [(&str, &str); 4] = [
    ("README.md", "README.md"),
    ("docs/CHANGELOG.md", "CHANGELOG.md"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
];

/// Packs a directory in a way that depends only on names, bytes and which files are executable.
const PACK: &str = r#"
import gzip, os, sys, tarfile
directory, file = sys.argv[1:]
def plain(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
paths = [os.path.join(top, name) for top, dirs, names in os.walk(directory) for name in dirs + names]
with open(file, "wb") as out, gzip.GzipFile("", "wb", 9, out, 0) as zipped:
    with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in [directory] + sorted(paths):
            name = os.path.relpath(path, os.path.dirname(directory))
            archive.add(path, name, recursive=False, filter=plain)
"#;

/// Creates `target/dist-work/NAME` with the program, its manual pages and its completion scripts. `runnable` is a
/// program of the same version that runs here.
pub(super) fn create(
    checkout: &Checkout,
    program: &Path,
    runnable: &Path,
    notices: &str,
    name: &str,
) -> Result<PathBuf> {
    let prefix = checkout.root.join("target/dist-work").join(name);
    let _ = fs::remove_dir_all(&prefix);
    files::create_dir(&prefix.join("bin"))?;
    fs::copy(program, prefix.join("bin/paude")).context("cannot copy the program")?;
    run_captured(Command::new(runnable).args(["man", "--dir"]).arg(prefix.join("share/man/man1")))?;
    for (shell, path) in COMPLETIONS {
        let script = run_captured(Command::new(runnable).args(["completions", shell]))?;
        write(&prefix.join(path), &format!("{script}\n"))?;
    }
    let documents = prefix.join("share/doc/paude");
    for (from, to) in DOCUMENTS {
        write(&documents.join(to), &fs::read_to_string(checkout.root.join(from))?)?;
    }
    write(&documents.join("THIRD-PARTY-NOTICES"), notices)?;
    Ok(prefix)
}

/// Packs a prefix into a directory; returns the archive.
pub(super) fn pack(prefix: &Path, dist: &Path) -> Result<PathBuf> {
    let name = prefix.file_name().context("a prefix has a name")?.to_string_lossy();
    let tarball = dist.join(format!("{name}.tar.gz"));
    run_captured(&mut tools::script(PACK, &[prefix, &tarball])?)?;
    Ok(tarball)
}

fn write(path: &Path, text: &str) -> Result<()> {
    files::create_dir(path.parent().context("a file has a parent")?)?;
    files::write(path, text)
}
