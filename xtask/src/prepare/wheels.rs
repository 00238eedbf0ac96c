//! uv for host and image, and a folder of wheels to install from without a network.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::place::{self, Place};
use crate::process::{self, quietly, say, succeeds};

const UV: &str = "uv==0.13.9";

/// pytest brings a console script, markupsafe a compiled extension, setuptools builds a project.
const WHEELS: &[&str] = &[
    "iniconfig==2.3.1",
    "markupsafe==3.0.4",
    "packaging==26.3",
    "pluggy==1.7.0",
    "pygments==2.21.0",
    "pytest==9.2.0",
    "setuptools==84.2.1",
];

/// The uv program, taken out of its wheel.
pub(crate) fn uv(place: &Place, python: &Path) -> Result<PathBuf> {
    let folder = fetch(place, python, "uv-wheel", &[UV], None)?;
    let program = folder.join("uv");
    if !program.exists() {
        let wheel = fs::read_dir(&folder)?.filter_map(Result::ok).map(|entry| entry.path());
        let wheel = wheel.into_iter().find(|path| path.extension().is_some_and(|end| end == "whl"));
        let wheel = wheel.context("uv came without a wheel")?;
        let code = "import sys, zipfile\n\
                    archive = zipfile.ZipFile(sys.argv[1])\n\
                    name = next(n for n in archive.namelist() if n.endswith('.data/scripts/uv'))\n\
                    open(sys.argv[2], 'wb').write(archive.read(name))";
        let part = folder.join("uv.part");
        quietly(Command::new(python).args(["-c", code]).arg(wheel).arg(&part))?;
        quietly(Command::new("chmod").arg("755").arg(&part))?;
        fs::rename(part, &program)?;
    }
    Ok(program)
}

/// The folder of wheels for that Python (`3.11`), which the image has.
pub(crate) fn ensure(place: &Place, python: &Path, version: &str) -> Result<PathBuf> {
    fetch(place, python, "wheels", WHEELS, Some(version))
}

/// `3.11` of a Python on this machine.
pub(crate) fn version_of(python: &Path) -> Result<String> {
    quietly(Command::new(python).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]))
}

/// Downloads into a folder beside the final one, so that half a folder is never taken for a whole one. The stamp stands
/// beside the folder: tools which read the folder find nothing but wheels.
fn fetch(
    place: &Place,
    python: &Path,
    name: &str,
    what: &[&str],
    version: Option<&str>,
) -> Result<PathBuf> {
    let folder = place.at(name);
    let stamp = place.at(&format!("{name}.stamp"));
    let wanted = format!("{} {} {}", what.join(" "), version.unwrap_or("any"), env::consts::ARCH);
    if folder.is_dir() && fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(folder);
    }
    say(format!("fetching from PyPI: {}", what.join(" ")));
    let part = place.at(&format!("{name}.part"));
    let _ = fs::remove_dir_all(&part);
    let _ = fs::remove_file(&stamp);
    let _ = fs::remove_dir_all(&folder);
    let mut pip = Command::new(pip_python(place, python)?);
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary=:all:",
        "--dest",
    ]);
    pip.arg(&part);
    for libc in ["manylinux2014", "manylinux_2_17", "manylinux_2_28"] {
        pip.arg(format!("--platform={libc}_{}", env::consts::ARCH));
    }
    if let Some(version) = version {
        pip.args(["--implementation=cp", "--python-version", version]);
    }
    quietly(pip.args(what)).with_context(|| format!("cannot fetch {}", what.join(" ")))?;
    fs::rename(part, &folder)?;
    place::write(&stamp, &wanted)?;
    Ok(folder)
}

/// A Python that has pip: the system's, the one on PATH, or an environment made for it.
pub(crate) fn pip_python(place: &Place, python: &Path) -> Result<PathBuf> {
    let own = place.at("pip/bin/python");
    let candidates = [Some(python.to_path_buf()), process::which("python3"), Some(own.clone())];
    let has_pip =
        |python: &PathBuf| succeeds(Command::new(python).args(["-m", "pip", "--version"]));
    if let Some(found) = candidates.into_iter().flatten().find(has_pip) {
        return Ok(found);
    }
    say("making an environment for pip, which this machine's Python lacks");
    quietly(Command::new(python).args(["-m", "venv"]).arg(place.at("pip")))?;
    Ok(own)
}
