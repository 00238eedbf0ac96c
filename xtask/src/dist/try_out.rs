//! Installs each package as a user would, and runs paude from there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::target::Target;
use super::tools;
use crate::checkout::Checkout;
use crate::files;
use crate::prepare::wheels;
use crate::process::{self, report, run_captured};

/// A place for installations, and a sample project.
pub(super) struct Trial {
    dir: PathBuf,
    project: PathBuf,
    /// What runs programs for another architecture, and that architecture.
    emulator: Option<(PathBuf, String)>,
    /// Whether the native engine runs on this machine.
    runs: bool,
}

const NATIVE: [&str; 4] = ["--engine", "native", "--", "true"];

impl Trial {
    /// Creates the project for packages of a target; `None` if nothing here runs them. `paude` is a program that runs
    /// here, and shows whether the native engine does.
    pub(super) fn create(
        checkout: &Checkout,
        target: &Target,
        paude: &Path,
    ) -> Result<Option<Self>> {
        let emulator = match (target.runs_here(), target.is_linux()) {
            (true, _) => None,
            (false, true) => match tools::emulator(checkout, target.arch()) {
                Ok(emulator) => Some((emulator, target.arch().to_owned())),
                Err(error) => {
                    report(format!("{} is not tried out: {error:#}", target.triple));
                    return Ok(None);
                }
            },
            (false, false) => return Ok(None),
        };
        let dir = checkout.root.join("target/dist-work/try-out");
        let _ = fs::remove_dir_all(&dir);
        let project = dir.join("project");
        files::create_dir(&project.join(".venv"))?;
        files::write(&project.join(".venv/pyvenv.cfg"), "home = /usr/bin\nversion = 3.12.4\n")?;
        let mut trial = Self { dir, project, emulator, runs: false };
        // The kernel's part of the native engine is not emulated.
        trial.runs = trial.emulator.is_none()
            && process::succeeds(trial.command(Command::new(paude)).args(NATIVE));
        if !trial.runs {
            report("the native engine does not run here: the packages are only asked for a plan");
        }
        Ok(Some(trial))
    }

    /// Unpacks an archive.
    pub(super) fn tarball(&self, tarball: &Path) -> Result<()> {
        let prefix = self.empty("prefix")?;
        files::create_dir(&prefix)?;
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(tarball).arg("--strip-components=1").arg("-C").arg(&prefix);
        run_captured(&mut tar)?;
        check_prefix(&prefix)?;
        let paude = prefix.join("bin/paude");
        self.check(&shown(tarball, "unpacked"), || self.program(&paude))
    }

    /// Installs a wheel by each installer that takes it.
    pub(super) fn wheel(&self, checkout: &Checkout, wheel: &Path) -> Result<()> {
        if let Some((_, arch)) = &self.emulator {
            let paude = self.foreign_pip(checkout, wheel, arch)?;
            return self.check(&shown(wheel, "by pip"), || self.program(&paude));
        }
        let installed = self.pip(checkout, wheel)?;
        self.check(&shown(wheel, "by pip"), || Command::new(&installed))?;
        let uv = wheels::uv(checkout, &tools::python()?)?;
        self.empty("home")?;
        self.check(&shown(wheel, "by uv"), || {
            let mut command = Command::new(&uv);
            command.args(["tool", "run", "--quiet", "--offline", "--from"]).arg(wheel).arg("paude");
            command
        })?;
        let pipx = self.pipx(checkout, wheel)?;
        self.check(&shown(wheel, "by pipx"), || Command::new(&pipx))
    }

    /// Unpacks a package for Debian, and has Debian's checker look at it where that is installed.
    pub(super) fn deb(&self, deb: &Path) -> Result<()> {
        if process::which("dpkg-deb").is_none() {
            report("dpkg-deb is not installed: the package for Debian is not tried out");
            return Ok(());
        }
        let root = self.empty("deb")?;
        run_captured(Command::new("dpkg-deb").arg("--extract").arg(deb).arg(&root))?;
        for name in ["man/man1/paude-plan.1.gz", "zsh/vendor-completions/_paude"] {
            ensure!(root.join("usr/share").join(name).is_file(), "{name} is missing");
        }
        let paude = root.join("usr/bin/paude");
        self.check(&shown(deb, "unpacked"), || self.program(&paude))?;
        if process::which("lintian").is_none() {
            report("lintian is not installed: it does not check the package for Debian");
            return Ok(());
        }
        run_captured(Command::new("lintian").args(["--fail-on", "error,warning"]).arg(deb))
            .map(drop)
    }

    /// Runs the script that downloads and unpacks an archive, with the directory of the release as its place.
    pub(super) fn script(&self, dist: &Path) -> Result<()> {
        if process::which("curl").is_none() {
            report("curl is not installed: install.sh is not tried out");
            return Ok(());
        }
        let prefix = self.empty("script")?;
        let mut script = self.command(Command::new("sh"));
        script.arg(dist.join("install.sh")).env("PREFIX", &prefix);
        script.env("PAUDE_RELEASES", format!("file://{}", dist.display()));
        run_captured(&mut script)?;
        check_prefix(&prefix)?;
        self.check("install.sh", || self.program(&prefix.join("bin/paude")))
    }

    /// The path of a directory that is not there.
    fn empty(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        let _ = fs::remove_dir_all(&dir);
        ensure!(!dir.exists(), "cannot remove {}", dir.display());
        Ok(dir)
    }

    /// An installed program as a command.
    fn program(&self, paude: &Path) -> Command {
        let Some((emulator, _)) = &self.emulator else { return Command::new(paude) };
        let mut command = Command::new(emulator);
        command.arg(paude);
        command
    }

    /// A command in the project, with a home directory of its own.
    fn command(&self, mut command: Command) -> Command {
        command.current_dir(&self.project).env("HOME", self.dir.join("home"));
        for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        command
    }

    fn check(&self, name: &str, paude: impl Fn() -> Command) -> Result<()> {
        let plan = run_captured(self.command(paude()).arg("plan"))
            .with_context(|| format!("{name}: no plan"))?;
        ensure!(plan.contains("venv, Python 3.12.4"), "{name}: the plan is\n{plan}");
        if self.runs {
            run_captured(self.command(paude()).args(NATIVE))
                .with_context(|| format!("{name}: no run"))?;
        }
        report(format!("works: {name}"));
        Ok(())
    }

    /// Installs the wheel into a new environment, with a pip that needs no network.
    fn pip(&self, checkout: &Checkout, wheel: &Path) -> Result<PathBuf> {
        let venv = self.empty("venv")?;
        let pip = wheels::pip_python(checkout, &tools::python()?)?;
        run_captured(Command::new(&pip).args(["-m", "venv"]).arg(&venv))?;
        let mut install = Command::new(venv.join("bin/python"));
        install.args(["-m", "pip", "install", "--quiet", "--no-index"]).arg(wheel);
        run_captured(&mut self.command(install))?;
        check_prefix(&venv)?;
        Ok(venv.join("bin/paude"))
    }

    /// Installs the wheel into a folder, for another architecture.
    fn foreign_pip(&self, checkout: &Checkout, wheel: &Path, arch: &str) -> Result<PathBuf> {
        let folder = self.empty("foreign")?;
        let mut install = Command::new(wheels::pip_python(checkout, &tools::python()?)?);
        install.args(["-m", "pip", "install", "--quiet", "--no-index", "--only-binary=:all:"]);
        install.arg(format!("--platform=manylinux_2_17_{arch}")).arg("--target").arg(&folder);
        run_captured(self.command(install).arg(wheel))?;
        Ok(folder.join("bin/paude"))
    }

    fn pipx(&self, checkout: &Checkout, wheel: &Path) -> Result<PathBuf> {
        let base = wheels::pip_python(checkout, &tools::python()?)?;
        let mut install = self.command(Command::new(base));
        install.env("PYTHONPATH", tools::pipx(checkout)?);
        install.env("PIPX_HOME", self.empty("pipx")?).env("PIPX_BIN_DIR", self.empty("bin")?);
        run_captured(install.args(["-m", "pipx", "install"]).arg(wheel))?;
        Ok(self.dir.join("bin/paude"))
    }
}

fn shown(file: &Path, how: &str) -> String {
    format!("{}, {how}", file.file_name().unwrap_or_default().display())
}

/// Fails unless the pages and completion scripts are there.
fn check_prefix(prefix: &Path) -> Result<()> {
    for name in ["man/man1/paude.1", "man/man1/paude-plan.1", "zsh/site-functions/_paude"] {
        let file = prefix.join("share").join(name);
        ensure!(file.is_file(), "{} is missing", file.display());
    }
    Ok(())
}
