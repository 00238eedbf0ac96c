//! Generated projects.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::files;

/// Environments of a monorepo.
const ENVIRONMENTS: usize = 200;
/// Directories in a directory.
const WIDTH: usize = 10;

/// A project without any file.
pub(super) fn empty(parent: &Path) -> Result<PathBuf> {
    let root = parent.join("project-empty");
    files::create_dir(&root)?;
    Ok(root)
}

/// A project with this many environments side by side.
pub(super) fn project(parent: &Path, environments: usize) -> Result<PathBuf> {
    let root = parent.join(format!("project-{environments}"));
    environment(&root.join(".venv"))?;
    for n in 1..environments {
        environment(&root.join(format!("p{n}/.venv")))?;
    }
    Ok(root)
}

/// A project of this many directories, each with this many files.
pub(super) fn sources(parent: &Path, directories: usize, files: usize) -> Result<PathBuf> {
    let name = format!("sources-{directories}-{files}");
    generate(parent, &name, directories, |_, path| {
        (0..files).try_for_each(|n| files::write(&path.join(format!("mod{n}.py")), ""))
    })
}

/// A tree of this many directories with a file in each, and with environments at equal distances.
pub(super) fn monorepo(parent: &Path, directories: usize) -> Result<PathBuf> {
    let distance = directories / ENVIRONMENTS;
    generate(parent, &format!("monorepo-{directories}"), directories, |n, path| {
        if n == 0 {
            return Ok(());
        }
        files::write(&path.join("mod.py"), "")?;
        if n % distance == 0 {
            environment(&path.join(".venv"))?;
        }
        Ok(())
    })
}

/// Creates a tree of directories, ten in each, and fills every directory by its number; an earlier one is reused.
fn generate(
    parent: &Path,
    name: &str,
    directories: usize,
    fill: impl Fn(usize, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let root = parent.join(name);
    let complete = parent.join(format!("{name}.complete"));
    if complete.exists() {
        return Ok(root);
    }
    // An interrupted run may have left a part of the tree.
    let _ = fs::remove_dir_all(&root);
    let mut paths = Vec::with_capacity(directories);
    for n in 0..directories {
        let path = match n.checked_sub(1) {
            Some(before) => {
                let parent: &PathBuf = &paths[before / WIDTH];
                parent.join(format!("d{n}"))
            }
            None => root.clone(),
        };
        files::create_dir(&path)?;
        fill(n, &path)?;
        paths.push(path);
    }
    files::write(&complete, "")?;
    Ok(root)
}

fn environment(path: &Path) -> Result<()> {
    files::create_dir(&path.join("bin"))?;
    files::write(&path.join("pyvenv.cfg"), "home = /usr/bin\nversion = 3.12.1\n")
}
