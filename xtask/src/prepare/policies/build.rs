//! Builds the component of each policy, with the commands that its author would use.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::tools;
use crate::checkout::Checkout;
use crate::files;
use crate::process::{self, run_captured};

/// Uses the profile of the built-in policy.
pub(super) fn rust(checkout: &Checkout, _: &Path, out: &Path) -> Result<()> {
    let target = checkout.setup_path("policies-build");
    let mut cargo = process::cargo(&checkout.root);
    cargo.args(["build", "--quiet", "--locked", "--package=node-modules", "--lib"]);
    cargo.args(["--profile=guest", "--target=wasm32-wasip2", "--target-dir"]).arg(&target);
    run_captured(&mut cargo)?;
    fs::copy(target.join("wasm32-wasip2/guest/node_modules.wasm"), out)?;
    Ok(())
}

pub(super) fn python(checkout: &Checkout, folder: &Path, out: &Path) -> Result<()> {
    let tool = tools::componentize_py(checkout)?;
    let mut build =
        Command::new(process::find_python().context("there is no python3 on this machine")?);
    build.args(["-c", "from componentize_py import script; script()"]);
    build.env("PYTHONPATH", &tool).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("VIRTUAL_ENV");
    build.arg("--wit-path").arg(checkout.root.join("wit")).args(["--world", "detector"]);
    build.args(["componentize", "app", "--python-path"]).arg(folder).arg("--output").arg(out);
    run_captured(&mut build).map(drop)
}

/// The world of this policy imports `wasi:filesystem`, whose WIT files come with the tool.
pub(super) fn javascript(checkout: &Checkout, folder: &Path, out: &Path) -> Result<()> {
    let (node, tools) = tools::jco(checkout)?;
    let wit = checkout.setup_path("policies-build/javascript-wit");
    let _ = fs::remove_dir_all(&wit);
    copy_folder(&checkout.root.join("wit"), &wit.join("deps/paude"))?;
    fs::copy(folder.join("world.wit"), wit.join("world.wit"))?;
    let wasi = tools.join("@bytecodealliance/jco/lib/wit/builtin/0.2.12");
    for name in ["wasi-filesystem", "wasi-io", "wasi-clocks"] {
        copy_folder(&wasi.join(name), &wit.join("deps").join(name))?;
    }
    let mut build = jco_command(&node, &tools);
    build.current_dir(folder).arg("componentize").arg(folder.join("app.js"));
    build.arg("--wit").arg(&wit).args(["--world-name", "policy", "--backend", "qjs"]);
    run_captured(build.arg("--backend-qjs-disable-async").arg("--out").arg(out)).map(drop)
}

pub(super) fn c(checkout: &Checkout, folder: &Path, out: &Path) -> Result<()> {
    let (node, tools) = tools::jco(checkout)?;
    let zig = tools::zig(checkout)?;
    let bindgen = tools::bindgen(checkout)?;
    let work = checkout.setup_path("policies-build/c");
    let _ = fs::remove_dir_all(&work);
    files::create_dir(&work)?;
    let wit = checkout.root.join("wit");
    run_captured(
        Command::new(bindgen).current_dir(&work).arg("c").arg(wit).args(["-w", "detector"]),
    )?;

    let core = work.join("core.wasm");
    let mut build =
        Command::new(process::find_python().context("there is no python3 on this machine")?);
    build.args(["-m", "ziglang", "cc", "-target", "wasm32-wasi", "-mexec-model=reactor"]);
    build.env("PYTHONPATH", &zig).env("PYTHONDONTWRITEBYTECODE", "1");
    build.env("ZIG_GLOBAL_CACHE_DIR", checkout.setup_path("policies-build/zig"));
    build.args(["-Os", "-flto", "-s", "-Wall", "-Wextra", "-Werror", "-I"]).arg(&work);
    for source in fs::read_dir(folder)? {
        let source = source?.path();
        if source.extension().is_some_and(|end| end == "c") {
            build.arg(source);
        }
    }
    build.arg(work.join("detector.c")).arg(work.join("detector_component_type.o"));
    run_captured(build.arg("-o").arg(&core))?;
    let mut new = jco_command(&node, &tools);
    run_captured(new.arg("new").arg(&core).arg("--wasi-reactor").arg("--output").arg(out)).map(drop)
}

/// The command that starts jco.
fn jco_command(node: &Path, tools: &Path) -> Command {
    let mut command = Command::new(node);
    command.arg(tools.join("@bytecodealliance/jco/dist/jco.js"));
    command
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    files::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
