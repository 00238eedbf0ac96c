//! Made projects: one environment, or a monorepo of many directories.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::place;

/// Environments of a monorepo.
const ENVIRONMENTS: usize = 200;
/// Directories in a directory.
const WIDTH: usize = 10;

/// A project with so many environments side by side.
pub(super) fn project(parent: &Path, environments: usize) -> Result<PathBuf> {
    let root = parent.join(format!("project-{environments}"));
    environment(&root.join(".venv"))?;
    for n in 1..environments {
        environment(&root.join(format!("p{n}/.venv")))?;
    }
    Ok(root)
}

/// A tree of so many directories, ten in each, some of them holding an environment. One
/// that is there already is taken as it is.
pub(super) fn monorepo(parent: &Path, directories: usize) -> Result<PathBuf> {
    let root = parent.join(format!("monorepo-{directories}"));
    let complete = parent.join(format!("monorepo-{directories}.complete"));
    if complete.exists() {
        return Ok(root);
    }
    let every = directories / ENVIRONMENTS;
    let mut places = vec![root.clone()];
    place::make_dir(&root)?;
    for n in 1..directories {
        let path = places[(n - 1) / WIDTH].join(format!("d{n}"));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        place::write(&path.join("mod.py"), "")?;
        if n % every == 0 {
            environment(&path.join(".venv"))?;
        }
        places.push(path);
    }
    place::write(&complete, "")?;
    Ok(root)
}

fn environment(path: &Path) -> Result<()> {
    place::make_dir(&path.join("bin"))?;
    place::write(&path.join("pyvenv.cfg"), "home = /usr/bin\nversion = 3.12.1\n")
}
