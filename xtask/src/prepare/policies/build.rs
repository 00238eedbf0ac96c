//! From the sources of a policy to its component, as a person would do it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::tools;
use crate::place::{self, Place};
use crate::process::{self, quietly};

/// With the profile of the built-in policy; cargo itself knows what has changed.
pub(super) fn rust(place: &Place, _: &Path, out: &Path) -> Result<()> {
    let target = place.at("policies-build");
    let mut cargo = process::cargo(&place.root);
    cargo.args(["build", "--quiet", "--locked", "--package=node-modules", "--lib"]);
    cargo.args(["--profile=guest", "--target=wasm32-wasip2", "--target-dir"]).arg(&target);
    quietly(&mut cargo)?;
    fs::copy(target.join("wasm32-wasip2/guest/node_modules.wasm"), out)?;
    Ok(())
}

pub(super) fn python(place: &Place, folder: &Path, out: &Path) -> Result<()> {
    let tool = tools::componentize_py(place)?;
    let mut build = Command::new(process::python().context("no python3 on this machine")?);
    build.args(["-c", "from componentize_py import script; script()"]);
    build.env("PYTHONPATH", &tool).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("VIRTUAL_ENV");
    build.arg("--wit-path").arg(place.root.join("wit")).args(["--world", "detector"]);
    build.args(["componentize", "app", "--python-path"]).arg(folder).arg("--output").arg(out);
    quietly(&mut build).map(drop)
}

/// The language has no files of its own: the texts of `wasi:filesystem`, which its world imports, come with the tool.
pub(super) fn javascript(place: &Place, folder: &Path, out: &Path) -> Result<()> {
    let (node, tools) = tools::jco(place)?;
    let wit = place.at("policies-build/javascript-wit");
    let _ = fs::remove_dir_all(&wit);
    copy_folder(&place.root.join("wit"), &wit.join("deps/paude"))?;
    fs::copy(folder.join("world.wit"), wit.join("world.wit"))?;
    let texts = tools.join("@bytecodealliance/jco/lib/wit/builtin/0.2.12");
    for name in ["wasi-filesystem", "wasi-io", "wasi-clocks"] {
        copy_folder(&texts.join(name), &wit.join("deps").join(name))?;
    }
    let mut build = run_jco(&node, &tools);
    build.current_dir(folder).arg("componentize").arg(folder.join("app.js"));
    build.arg("--wit").arg(&wit).args(["--world-name", "policy", "--backend", "qjs"]);
    quietly(build.arg("--backend-qjs-disable-async").arg("--out").arg(out)).map(drop)
}

pub(super) fn c(place: &Place, folder: &Path, out: &Path) -> Result<()> {
    let (node, tools) = tools::jco(place)?;
    let zig = tools::zig(place)?;
    let bindgen = tools::bindgen(place)?;
    let work = place.at("policies-build/c");
    let _ = fs::remove_dir_all(&work);
    place::make_dir(&work)?;
    let wit = place.root.join("wit");
    quietly(Command::new(bindgen).current_dir(&work).arg("c").arg(wit).args(["-w", "detector"]))?;

    let core = work.join("core.wasm");
    let mut build = Command::new(process::python().context("no python3 on this machine")?);
    build.args(["-m", "ziglang", "cc", "-target", "wasm32-wasi", "-mexec-model=reactor"]);
    build.env("PYTHONPATH", &zig).env("PYTHONDONTWRITEBYTECODE", "1");
    build.env("ZIG_GLOBAL_CACHE_DIR", place.at("policies-build/zig"));
    build.args(["-Os", "-flto", "-s", "-Wall", "-Wextra", "-Werror", "-I"]).arg(&work);
    for source in fs::read_dir(folder)? {
        let source = source?.path();
        if source.extension().is_some_and(|end| end == "c") {
            build.arg(source);
        }
    }
    build.arg(work.join("detector.c")).arg(work.join("detector_component_type.o"));
    quietly(build.arg("-o").arg(&core))?;
    let mut new = run_jco(&node, &tools);
    quietly(new.arg("new").arg(&core).arg("--wasi-reactor").arg("--output").arg(out)).map(drop)
}

/// A command of jco.
fn run_jco(node: &Path, tools: &Path) -> Command {
    let mut command = Command::new(node);
    command.arg(tools.join("@bytecodealliance/jco/dist/jco.js"));
    command
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    place::make_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
