//! `cargo xtask demo`: paude's main job on a sample project, step by step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::checkout::Checkout;
use crate::files;
use crate::process;
use crate::snapshot::Snapshot;
use crate::target;

/// paude's exit code when the engine failed before the command ran.
const ENGINE_FAILED: u8 = 125;

/// The Python program of the demo; it prints one value a line, so that the demo can check them.
const PROBE: &str =
    r#"import sys; print("prefix:", sys.prefix); print("base:  ", sys.base_prefix)"#;

/// A directory that is removed at the end, also after an error.
struct ScratchDir(PathBuf);

impl Drop for ScratchDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Builds paude and shows it; an error if the host's environment or the container's is wrong.
pub(crate) fn run(checkout: &Checkout) -> Result<u8> {
    print_heading("Building paude (the first time takes a few minutes)");
    target::ensure()?;
    let paude = build(checkout)?;

    let name = format!("paude-demo-{}", std::process::id());
    let scratch = ScratchDir(std::env::temp_dir().join(name));
    let project = scratch.0.join("hello");
    files::create_dir(&project.join("src/hello"))?;
    let project = project.canonicalize()?;
    write_sample(&project)?;

    print_heading("A project with a virtual environment of this machine");
    print_command("cat paude.json");
    print!("{}", fs::read_to_string(project.join("paude.json"))?);
    let python = process::find_python().context("the demo needs python3")?;
    run_step(Command::new(&python).args(["-m", "venv", "--without-pip", ".venv"]), &project)?;
    check_host(&project)?;
    let before = Snapshot::take(&project.join(".venv"))?;

    print_heading("What paude would share, and what it would hide");
    run_step(paude_in(&paude, &project).arg("plan"), &project)?;

    print_heading("The same project in a container: an empty .venv, which the setup fills");
    let printed = run_contained(&paude, &project)?;
    check_contained(&printed, &project)?;

    print_heading("Back on the host");
    check_host(&project)?;
    let changes = before.differences(&Snapshot::take(&project.join(".venv"))?);
    ensure!(changes.is_empty(), "the host's environment changed:\n  {}", changes.join("\n  "));
    println!("All {} files of the host's .venv are unchanged, byte for byte.", before.len());
    println!("\nTwo environments share one project without a conflict. Next: paude --help");
    Ok(0)
}

fn build(checkout: &Checkout) -> Result<PathBuf> {
    let mut build = process::cargo(&checkout.root);
    // `--workspace` enables the features of small crates that the tests need, so that those do not build wasmtime again.
    build.args(["build", "--workspace", "--bin", "paude"]);
    print_command("cargo build --workspace --bin paude");
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

fn write_sample(project: &Path) -> Result<()> {
    files::write(
        &project.join("src/hello/__init__.py"),
        "\"\"\"A package that says hello.\"\"\"\n",
    )?;
    files::write(&project.join("paude.json"), "{\"setup\": \"python3 -m venv .venv\"}\n")
}

/// Fails unless the host's own environment starts, and is the one in the project.
fn check_host(project: &Path) -> Result<()> {
    let mut python = Command::new(".venv/bin/python");
    let printed = run_shown(python.args(["-B", "-c", PROBE]), project)?.1;
    ensure!(
        value(&printed, "prefix:") == Some(&*project.join(".venv").to_string_lossy()),
        "the host's .venv is broken"
    );
    Ok(())
}

/// Runs the probe with the best engine found, and with the built-in one if that cannot start here.
fn run_contained(paude: &Path, project: &Path) -> Result<String> {
    for engine in ["auto", "native"] {
        let mut command = paude_in(paude, project);
        command.args(["run", "--engine", engine, "--", ".venv/bin/python", "-c", PROBE]);
        match run_shown(&mut command, project)? {
            (0, printed) => return Ok(printed),
            (ENGINE_FAILED, _) if engine == "auto" => {
                println!(
                    "\nThat engine cannot start a container here (its error is above); trying the built-in one:\n"
                );
            }
            (code, _) => bail!("paude exited with {code}"),
        }
    }
    bail!("no engine could run the project")
}

/// Fails unless the container's Python has the same path, and comes from an environment created there.
fn check_contained(printed: &str, project: &Path) -> Result<()> {
    let venv = project.join(".venv");
    let (prefix, base) = (value(printed, "prefix:"), value(printed, "base:"));
    ensure!(
        prefix == Some(&*venv.to_string_lossy()),
        "the container's Python is not the one of its .venv"
    );
    ensure!(base.is_some() && base != prefix, "the container's .venv is no virtual environment");
    Ok(())
}

fn value<'a>(printed: &'a str, name: &str) -> Option<&'a str> {
    printed.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn paude_in(paude: &Path, project: &Path) -> Command {
    let mut command = Command::new(paude);
    command.current_dir(project);
    command
}

/// Prints a command and runs it in the project.
fn run_step(command: &mut Command, project: &Path) -> Result<()> {
    let shown = format_short(command);
    print_command(&shown);
    let code = process::run(command.current_dir(project))?;
    ensure!(code == 0, "`{shown}` exited with {code}");
    Ok(())
}

/// Prints a command and runs it in the project; returns its exit code and its stdout, which is printed as well.
fn run_shown(command: &mut Command, project: &Path) -> Result<(u8, String)> {
    let shown = format_short(command);
    print_command(&shown);
    let output =
        command.current_dir(project).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start `{shown}`"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{printed}");
    Ok((process::exit_code(output.status), printed))
}

/// The command as a newcomer would type it: programs by name, except those in the project.
fn format_short(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().filter(|_| program.is_absolute());
    let program = name.unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    process::join_words(words.map(|word| word.to_string_lossy()))
}

fn print_heading(title: &str) {
    println!("\n== {title}\n");
}

fn print_command(command: &str) {
    println!("$ {command}");
}
