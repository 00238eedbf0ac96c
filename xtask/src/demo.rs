//! `cargo xtask demo`: paude's main job on a sample project, step by step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::place::{self, Place};
use crate::prepare::target;
use crate::process;
use crate::snapshot::Snapshot;

/// paude's exit code when the engine failed before the command ran.
const ENGINE_FAILED: u8 = 125;

/// What runs in the container; a line each, so that the demo can check the answers.
const PROBE: &str =
    r#"import sys; print("prefix:", sys.prefix); print("base:  ", sys.base_prefix)"#;

/// A directory that is removed at the end, whatever the end is.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Builds paude and shows it; an error if anything did not hold.
pub(crate) fn run(place: &Place) -> Result<u8> {
    heading("Building paude (the first time takes a few minutes)");
    target::ensure()?;
    let paude = build(place)?;

    let scratch = Scratch(std::env::temp_dir().join(format!("paude-demo-{}", std::process::id())));
    let project = scratch.0.join("hello");
    place::make_dir(&project.join("src/hello"))?;
    let project = project.canonicalize()?;
    sample(&project)?;

    heading("A project with a virtual environment, made on this machine");
    echo("cat paude.json");
    print!("{}", fs::read_to_string(project.join("paude.json"))?);
    let python = process::python().context("the demo needs python3")?;
    step(Command::new(&python).args(["-m", "venv", "--without-pip", ".venv"]), &project)?;
    host_works(&project)?;
    let before = Snapshot::take(&project.join(".venv"))?;

    heading("What paude would share, and what it would hide");
    step(paude_in(&paude, &project).arg("plan"), &project)?;

    heading("The same project in a container: an empty .venv, which the setup fills");
    let said = contained(&paude, &project)?;
    judge(&said, &project)?;

    heading("Back on the host");
    host_works(&project)?;
    let changes = before.differences(&Snapshot::take(&project.join(".venv"))?);
    ensure!(changes.is_empty(), "the host's environment changed:\n  {}", changes.join("\n  "));
    println!("All {} files of the host's .venv are as they were, byte for byte.", before.len());
    println!("\nTwo environments, one project, neither in the other's way. Next: paude --help");
    Ok(0)
}

fn build(place: &Place) -> Result<PathBuf> {
    let mut build = process::cargo(&place.root);
    // With the tests, which ask for other features of a few crates: else `cargo xtask test`
    // would build wasmtime again.
    build.args(["build", "--workspace", "--bin", "paude", "--test", "suite"]);
    echo("cargo build --workspace --bin paude --test suite");
    let output =
        build.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "paude does not build");
    let text = String::from_utf8(output.stdout)?;
    let messages =
        text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let paude = messages.filter(|message| message["target"]["name"] == "paude");
    let mut programs =
        paude.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().context("cargo built no program")
}

fn sample(project: &Path) -> Result<()> {
    place::write(
        &project.join("src/hello/__init__.py"),
        "\"\"\"A package that says hello.\"\"\"\n",
    )?;
    place::write(&project.join("paude.json"), "{\"setup\": \"python3 -m venv .venv\"}\n")
}

/// The host's own environment still starts, and is the one in the project.
fn host_works(project: &Path) -> Result<()> {
    let mut python = Command::new(".venv/bin/python");
    let said = captured(python.args(["-B", "-c", PROBE]), project)?.1;
    ensure!(
        value(&said, "prefix:") == Some(&*project.join(".venv").to_string_lossy()),
        "the host's .venv is broken"
    );
    Ok(())
}

/// With the best engine found; where that one cannot start here, with the built-in one.
fn contained(paude: &Path, project: &Path) -> Result<String> {
    for engine in ["auto", "native"] {
        let mut command = paude_in(paude, project);
        command.args(["run", "--engine", engine, "--", ".venv/bin/python", "-c", PROBE]);
        match captured(&mut command, project)? {
            (0, said) => return Ok(said),
            (ENGINE_FAILED, _) if engine == "auto" => {
                println!(
                    "\nThat engine cannot start this here (its words are above). paude has one built in:\n"
                );
            }
            (code, _) => bail!("paude ended with {code}"),
        }
    }
    bail!("no engine could run the project")
}

/// The container's Python is of the same path, and made there: its `.venv` was empty before.
fn judge(said: &str, project: &Path) -> Result<()> {
    let venv = project.join(".venv");
    let (prefix, base) = (value(said, "prefix:"), value(said, "base:"));
    ensure!(
        prefix == Some(&*venv.to_string_lossy()),
        "the container's Python is not the one of its .venv"
    );
    ensure!(base.is_some() && base != prefix, "the container's .venv is no virtual environment");
    Ok(())
}

fn value<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    said.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn paude_in(paude: &Path, project: &Path) -> Command {
    let mut command = Command::new(paude);
    command.current_dir(project);
    command
}

/// Echoes a command and runs it in the project.
fn step(command: &mut Command, project: &Path) -> Result<()> {
    echo(&typed(command));
    let code = process::exit_code(command.current_dir(project))?;
    ensure!(code == 0, "`{}` ended with {code}", typed(command));
    Ok(())
}

/// As [`step`], with the exit code and what it said on stdout, which is shown as well.
fn captured(command: &mut Command, project: &Path) -> Result<(u8, String)> {
    echo(&typed(command));
    let output =
        command.current_dir(project).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start `{}`", typed(command)))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{said}");
    Ok((process::code(output.status), said))
}

/// The command as a newcomer would type it: programs by their name, but for those in the project.
fn typed(command: &Command) -> String {
    let shown = process::show(command);
    let program = Path::new(command.get_program());
    match program.file_name() {
        Some(name) if program.is_absolute() => {
            shown.replacen(&*program.to_string_lossy(), &name.to_string_lossy(), 1)
        }
        _ => shown,
    }
}

fn heading(title: &str) {
    println!("\n== {title}\n");
}

fn echo(command: &str) {
    println!("$ {command}");
}
