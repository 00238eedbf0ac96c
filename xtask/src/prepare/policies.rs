//! The policies in `tests/policies`, each built with the tools of its language. The policies of a tool that is not
//! available are skipped, with a reason.

mod build;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::checkout::Checkout;
use crate::files;
use crate::process::report;

pub(crate) use tools::{ZIG, from_pypi};

/// One policy of the tests.
#[derive(Serialize)]
pub(crate) struct BuiltPolicy {
    /// Its folder in `tests/policies`.
    name: &'static str,
    /// The component.
    file: Option<PathBuf>,
    /// The reason for which it was not built; null if it was.
    why: Option<String>,
}

/// Tools that build policies; null if they are not available.
#[derive(Serialize)]
pub(crate) struct PolicyTools {
    /// A folder for `PYTHONPATH`.
    componentize_py: Option<PathBuf>,
    /// A folder `node_modules`.
    jco: Option<PathBuf>,
}

impl PolicyTools {
    /// The tools that [`build_all`] fetched.
    pub(crate) fn find(checkout: &Checkout) -> Self {
        let jco = tools::jco(checkout).ok().map(|(_, modules)| modules);
        Self { componentize_py: tools::componentize_py(checkout).ok(), jco }
    }
}

/// A function that builds the policy of a folder, as a component in a file.
type Build = fn(&Checkout, &Path, &Path) -> Result<()>;

const POLICIES: [(&str, Build); 4] = [
    ("node_modules", build::rust),
    ("python", build::python),
    ("javascript", build::javascript),
    ("c", build::c),
];

/// Builds the policies whose sources have changed.
pub(crate) fn build_all(checkout: &Checkout) -> Vec<BuiltPolicy> {
    let policies = POLICIES.map(|(name, build)| match ensure(checkout, name, build) {
        Ok(file) => BuiltPolicy { name, file: Some(file), why: None },
        Err(error) => BuiltPolicy { name, file: None, why: Some(format!("{error:#}")) },
    });
    report("policies for the tests:");
    for policy in &policies {
        let state = policy.why.as_ref().map(|why| format!("skipped: {why}"));
        report(format!("  {:<16} {}", policy.name, state.as_deref().unwrap_or("ready")));
    }
    policies.into()
}

fn ensure(checkout: &Checkout, name: &'static str, build: Build) -> Result<PathBuf> {
    let folder = checkout.root.join("tests/policies").join(name);
    let out = checkout.setup_path("policies");
    files::create_dir(&out)?;
    let (file, stamp) = (out.join(format!("{name}.wasm")), out.join(format!("{name}.stamp")));
    let wanted = format!("{:016x}", files::hash(&recipe(checkout, &folder)?));
    if file.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(file);
    }
    report(format!("building the policy {name}"));
    let part = out.join(format!("{name}.part"));
    let _ = fs::remove_file(&stamp);
    build(checkout, &folder, &part)?;
    fs::rename(&part, &file)?;
    files::write(&stamp, &wanted)?;
    Ok(file)
}

/// Everything that a component depends on: its sources, the interface, and the code that builds it.
fn recipe(checkout: &Checkout, folder: &Path) -> Result<String> {
    let mut text = [include_str!("policies/build.rs"), include_str!("policies/tools.rs")].concat();
    let tools = checkout.root.join("tests/policies/package-lock.json");
    let mut pending = vec![folder.to_owned(), checkout.root.join("wit"), tools];
    let mut paths = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        } else {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        text.push_str(&format!("\n{}\n{}", path.display(), String::from_utf8_lossy(&bytes)));
    }
    Ok(text)
}
