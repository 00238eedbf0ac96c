//! The policies in `tests/policies`, each built with the tools of its language. A tool that cannot be had leaves its
//! policies out, with a reason.

mod build;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::place::{self, Place};
use crate::process::say;

/// One policy.
#[derive(Serialize)]
pub(crate) struct Policy {
    /// Its folder in `tests/policies`.
    name: &'static str,
    /// The component.
    file: Option<PathBuf>,
    /// Why it could not be built; null when it was.
    why: Option<String>,
}

/// What builds policies; null where it cannot be had.
#[derive(Serialize)]
pub(crate) struct Tools {
    /// A folder for `PYTHONPATH`.
    componentize_py: Option<PathBuf>,
    /// A folder `node_modules`.
    jco: Option<PathBuf>,
}

impl Tools {
    /// Those that [`all`] has fetched.
    pub(crate) fn of(place: &Place) -> Self {
        let jco = tools::jco(place).ok().map(|(_, modules)| modules);
        Self { componentize_py: tools::componentize_py(place).ok(), jco }
    }
}

/// What builds a policy: its sources in, a component out.
type Build = fn(&Place, &Path, &Path) -> Result<()>;

const POLICIES: [(&str, Build); 4] = [
    ("node_modules", build::rust),
    ("python", build::python),
    ("javascript", build::javascript),
    ("c", build::c),
];

/// Builds those whose sources have changed.
pub(crate) fn all(place: &Place) -> Vec<Policy> {
    let policies = POLICIES.map(|(name, build)| match component(place, name, build) {
        Ok(file) => Policy { name, file: Some(file), why: None },
        Err(error) => Policy { name, file: None, why: Some(format!("{error:#}")) },
    });
    say("policies for the tests:");
    for policy in &policies {
        let state = policy.why.as_ref().map(|why| format!("left out: {why}"));
        say(format!("  {:<16} {}", policy.name, state.as_deref().unwrap_or("ready")));
    }
    policies.into()
}

fn component(place: &Place, name: &'static str, build: Build) -> Result<PathBuf> {
    let folder = place.root.join("tests/policies").join(name);
    let out = place.at("policies");
    place::make_dir(&out)?;
    let (file, stamp) = (out.join(format!("{name}.wasm")), out.join(format!("{name}.stamp")));
    let wanted = format!("{:016x}", place::hash(&recipe(place, &folder)?));
    if file.exists() && fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(file);
    }
    say(format!("building the policy {name}"));
    let part = out.join(format!("{name}.part"));
    let _ = fs::remove_file(&stamp);
    build(place, &folder, &part)?;
    fs::rename(&part, &file)?;
    place::write(&stamp, &wanted)?;
    Ok(file)
}

/// All that a component is made from: sources, interface, and how it is built.
fn recipe(place: &Place, folder: &Path) -> Result<String> {
    let mut text = [include_str!("policies/build.rs"), include_str!("policies/tools.rs")].concat();
    let tools = place.root.join("tests/policies/package-lock.json");
    let mut pending = vec![folder.to_owned(), place.root.join("wit"), tools];
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        text.push_str(&format!("\n{}\n{}", file.display(), String::from_utf8_lossy(&bytes)));
    }
    Ok(text)
}
