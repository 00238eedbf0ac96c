//! uv for host and image, and a folder of wheels for installations without a network.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, report, run_captured, succeeds};

const UV: &str = "uv==0.13.9";

/// pytest has a console script, markupsafe a compiled extension, and setuptools builds a project.
const WHEELS: &[&str] = &[
    "iniconfig==2.3.1",
    "markupsafe==3.0.4",
    "packaging==26.3",
    "pluggy==1.7.0",
    "pygments==2.21.0",
    "pytest==9.2.0",
    "setuptools==84.2.1",
];

/// The versions of [`project_tools`] and of what they depend on.
const PROJECT_TOOLS: &str = include_str!("project_tools.txt");

/// Extracts the uv program from its wheel.
pub(crate) fn uv(checkout: &Checkout, python: &Path) -> Result<PathBuf> {
    let folder = fetch(checkout, python, "uv-wheel", &[UV], &[])?;
    let program = folder.join("uv");
    if !program.exists() {
        let wheel = fs::read_dir(&folder)?.filter_map(Result::ok).map(|entry| entry.path());
        let wheel = wheel.into_iter().find(|path| path.extension().is_some_and(|end| end == "whl"));
        let wheel = wheel.context("pip downloaded no wheel of uv")?;
        let code = "import sys, zipfile\n\
                    archive = zipfile.ZipFile(sys.argv[1])\n\
                    name = next(n for n in archive.namelist() if n.endswith('.data/scripts/uv'))\n\
                    open(sys.argv[2], 'wb').write(archive.read(name))";
        let part = folder.join("uv.part");
        run_captured(Command::new(python).args(["-c", code]).arg(wheel).arg(&part))?;
        run_captured(Command::new("chmod").arg("755").arg(&part))?;
        fs::rename(part, &program)?;
    }
    Ok(program)
}

/// Fetches the wheels for some versions of Python (`3.11`), such as the one of the image.
pub(crate) fn ensure(checkout: &Checkout, python: &Path, versions: &[&str]) -> Result<PathBuf> {
    fetch(checkout, python, "wheels", WHEELS, versions)
}

/// Fetches Poetry, PDM and Pipenv for the Python of this machine.
pub(crate) fn project_tools(checkout: &Checkout, python: &Path) -> Result<PathBuf> {
    let hash = files::hash(PROJECT_TOOLS);
    let constraints = checkout.setup_path(&format!("project-tools-{hash:016x}.txt"));
    files::write(&constraints, PROJECT_TOOLS)?;
    let option = format!("--constraint={}", constraints.display());
    let requirements = ["poetry", "pdm", "pipenv", &option];
    fetch(checkout, python, "project-tools", &requirements, &[&version_of(python)?])
}

/// The version of a Python on this machine, such as `3.11`.
pub(crate) fn version_of(python: &Path) -> Result<String> {
    run_captured(
        Command::new(python).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]),
    )
}

/// Downloads into a folder beside the final one, so that an interrupted download is never used. The stamp is beside the
/// folder, so that tools that read the folder find only wheels.
fn fetch(
    checkout: &Checkout,
    python: &Path,
    name: &str,
    requirements: &[&str],
    versions: &[&str],
) -> Result<PathBuf> {
    let folder = checkout.setup_path(name);
    let stamp = checkout.setup_path(&format!("{name}.stamp"));
    let shown = if versions.is_empty() { "any".to_owned() } else { versions.join(" ") };
    let wanted = format!("{} {shown} {}", requirements.join(" "), env::consts::ARCH);
    if folder.is_dir() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    report(format!("fetching from PyPI: {}", requirements.join(" ")));
    let part = checkout.setup_path(&format!("{name}.part"));
    let _ = fs::remove_dir_all(&part);
    let _ = fs::remove_file(&stamp);
    let _ = fs::remove_dir_all(&folder);
    let pip = pip_python(checkout, python)?;
    if versions.is_empty() {
        download(&pip, requirements, &part, &[])?;
    }
    for version in versions {
        download(&pip, requirements, &part, &["--implementation=cp", "--python-version", version])?;
    }
    fs::rename(part, &folder)?;
    files::write(&stamp, &wanted)?;
    Ok(folder)
}

fn download(python: &Path, requirements: &[&str], to: &Path, options: &[&str]) -> Result<()> {
    let mut pip = binary_pip(python, "download");
    run_captured(pip.arg("--dest").arg(to).args(options).args(requirements))
        .with_context(|| format!("cannot fetch {}", requirements.join(" ")))
        .map(drop)
}

/// Installs packages, some of them compiled, into a folder for the `PYTHONPATH` of this Python.
pub(super) fn install(
    checkout: &Checkout,
    python: &Path,
    requirements: &[&str],
    to: &Path,
) -> Result<()> {
    report(format!("fetching from PyPI: {}", requirements.join(" ")));
    let version = version_of(python)?;
    let mut pip = binary_pip(&pip_python(checkout, python)?, "install");
    pip.args(["--no-compile", "--no-deps", "--root-user-action=ignore", "--target"]).arg(to);
    pip.args(["--implementation=cp", "--python-version", &version]);
    run_captured(pip.args(requirements)).map(drop)
}

/// A command of pip that takes wheels for Linux only, whichever Python pip itself runs on.
fn binary_pip(python: &Path, command: &str) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", command, "--quiet", "--disable-pip-version-check"]);
    pip.arg("--only-binary=:all:");
    for libc in ["manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34"] {
        pip.arg(format!("--platform={libc}_{}", env::consts::ARCH));
    }
    pip
}

/// A Python that has pip: the system's, the one on PATH, or that of an environment created for it.
pub(crate) fn pip_python(checkout: &Checkout, python: &Path) -> Result<PathBuf> {
    let own = checkout.setup_path("pip/bin/python");
    let candidates = [Some(python.to_path_buf()), process::which("python3"), Some(own.clone())];
    let has_pip =
        |python: &PathBuf| succeeds(Command::new(python).args(["-m", "pip", "--version"]));
    if let Some(found) = candidates.into_iter().flatten().find(has_pip) {
        return Ok(found);
    }
    report("creating an environment for pip, which this machine's Python lacks");
    run_captured(Command::new(python).args(["-m", "venv"]).arg(checkout.setup_path("pip")))?;
    Ok(own)
}
