//! A setup that has downloaded everything before: what paude's cache is worth, compared with that of the host.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::measure::medians;
use super::program::Programs;
use super::table::{Limit, Row};
use crate::checkout::Checkout;
use crate::files;
use crate::prepare::{cached, wheels};
use crate::process::{self, report, run_captured};

/// What is measured.
pub(super) const SUBJECT: &str = "uv sync as a setup, native, --cache";

/// Packages that are large, and that come with others.
const PACKAGES: [&str; 6] = ["numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "pyarrow"];

/// Measured installations.
const ROUNDS: usize = 9;

/// Compares the setup with `uv sync` on the host; both caches are warm after the first round.
pub(super) fn measure(checkout: &Checkout, programs: &Programs) -> Result<Row> {
    report(format!("measuring {SUBJECT}"));
    let python = process::find_python().context("no python3 on this machine")?;
    let uv = wheels::uv(checkout, &python)?;
    let index = Index::serve(&python, &fetch(checkout, &python)?)?;
    let stage = Stage::new(checkout, &uv, &python, &index)?;

    let mut setup = stage.with_uv(programs.paude())?;
    setup.args(["run", "--quiet", "--engine", "native", "--cache", "-C"]).arg(&stage.project);
    setup.args(["--setup", "uv sync --quiet", "--", "true"]);
    let mut host = stage.with_uv(Command::new("/bin/sh"))?;
    let new = format!("$(mktemp -d -p {})", process::quote_path(&stage.environments)?);
    host.arg("-c").arg(format!("UV_PROJECT_ENVIRONMENT={new} exec uv sync --quiet"));
    host.current_dir(&stage.project).env("UV_CACHE_DIR", &stage.host_cache);
    let times = medians(ROUNDS, [setup, host]);
    let _ = fs::remove_dir_all(&stage.environments);
    Ok(Row::ratio((SUBJECT, "uv sync on the host"), times?, Some(Limit::AtMost(1.5))))
}

/// Downloads the wheels into an index: a folder for each package.
fn fetch(checkout: &Checkout, python: &Path) -> Result<PathBuf> {
    let pip = wheels::pip_python(checkout, python)?;
    let version = wheels::version_of(python)?;
    let recipe = format!("{} for Python {version}", PACKAGES.join(" "));
    cached(checkout, "bench-index", &recipe, |index| {
        report(format!("fetching from PyPI: {}", PACKAGES.join(" ")));
        let downloads = index.join("downloads");
        let mut download = Command::new(&pip);
        download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
        download.args(["--only-binary=:all:", "--python-version", &version, "--dest"]);
        run_captured(download.arg(&downloads).args(PACKAGES))?;
        for entry in fs::read_dir(&downloads)? {
            let name = entry?.file_name().into_string().ok().context("a name is not UTF-8")?;
            let package = name.split('-').next().unwrap_or_default();
            let folder = index.join(package.to_lowercase().replace(['_', '.'], "-"));
            files::create_dir(&folder)?;
            fs::rename(downloads.join(&name), folder.join(&name))?;
        }
        Ok(fs::remove_dir(downloads)?)
    })
}

/// A server of an index on the loopback interface, ended when dropped.
struct Index {
    server: Child,
    url: String,
}

impl Index {
    fn serve(python: &Path, folder: &Path) -> Result<Self> {
        let mut server = Command::new(python);
        server.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]);
        server.arg(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = server.spawn().context("cannot start the server of the index")?;
        let stdout = server.stdout.take().context("the server has no stdout")?;
        let mut index = Self { server, url: String::new() };
        // It prints its address in parentheses once it listens.
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.split(['(', ')']).nth(1);
        index.url = address.with_context(|| format!("the server printed `{line}`"))?.to_owned();
        Ok(index)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A project that needs the packages, and what both sides use.
struct Stage {
    project: PathBuf,
    uv: PathBuf,
    python: PathBuf,
    /// The host's cache of uv.
    host_cache: PathBuf,
    /// Where the host's environments are made, a new one each time; in the file system of the cache, so that uv can
    /// make hard links.
    environments: PathBuf,
}

impl Stage {
    fn new(checkout: &Checkout, uv: &Path, python: &Path, index: &Index) -> Result<Self> {
        let bench = checkout.root.join("target/bench");
        let project = bench.join("project-packages");
        let _ = fs::remove_dir_all(&project);
        files::create_dir(&project)?;
        let stage = Self {
            project,
            uv: uv.to_owned(),
            python: python.to_owned(),
            host_cache: bench.join("uv-cache"),
            environments: bench.join("environments"),
        };
        files::create_dir(&stage.environments)?;
        // An environment of the host, which paude hides.
        files::create_dir(&stage.project.join(".venv"))?;
        let version = wheels::version_of(python)?;
        let settings = format!(
            "[project]\nname = \"bench\"\nversion = \"1\"\nrequires-python = \"=={version}.*\"\n\
             dependencies = {PACKAGES:?}\n\n[tool.uv]\npackage = false\n\
             environments = [\"sys_platform == 'linux'\"]\n\n\
             [[tool.uv.index]]\nurl = \"{}\"\ndefault = true\n",
            index.url
        );
        files::write(&stage.project.join("pyproject.toml"), &settings)?;
        let mut lock = stage.with_uv(Command::new(uv))?;
        lock.args(["lock", "--quiet"]).current_dir(&stage.project);
        run_captured(lock.env("UV_CACHE_DIR", &stage.host_cache))?;
        Ok(stage)
    }

    /// A command that finds uv, and whose uv finds the Python of this machine.
    fn with_uv(&self, mut command: Command) -> Result<Command> {
        let dir = self.uv.parent().context("uv is in no directory")?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(dir.to_owned()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(path)?);
        command.env("UV_PYTHON", &self.python).env("UV_PYTHON_DOWNLOADS", "never");
        command.env_remove("UV_CACHE_DIR").env_remove("UV_LINK_MODE").env_remove("VIRTUAL_ENV");
        Ok(command)
    }
}
