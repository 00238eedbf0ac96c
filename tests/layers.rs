//! Who may import whom in `host/src`: the layers that the crate's documentation draws.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::Outcome;
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![modules_import_only_what_lies_below_them, crates_are_seen_only_by_their_owners]
}

/// A module, and those of ours that it may use. Who is not named here may not exist.
const MAY_USE: &[(&str, &str)] = &[
    ("main", "cli commands engine"),
    (
        "commands",
        "cli config doctor engine error escape path plan policy receipt render session value verify volume workspace",
    ),
    ("oracle", "config plan render"),
    ("job", "config engine error escape plan render"),
    ("doctor", "engine error escape plan render value"),
    ("verify", "engine error escape path plan receipt render"),
    ("volume", "engine error escape home path plan render session value workspace"),
    ("receipt", "error escape fingerprint path plan render workspace"),
    ("session", "engine error escape home path plan render workspace"),
    ("engine", "error escape render unsafe_calls value"),
    ("render", "error escape oracle path plan"),
    ("plan", "config error escape oracle path value wit workspace"),
    ("policy", "config error escape file home path unsafe_calls value wit workspace"),
    ("config", "cli error escape file home oracle path value workspace"),
    ("workspace", "error escape file path"),
    ("cli", "value"),
    ("error", ""),
    ("escape", ""),
    ("file", ""),
    ("fingerprint", "file"),
    ("home", "escape path"),
    ("path", ""),
    ("unsafe_calls", ""),
    ("value", "escape"),
    ("wit", ""),
];

/// A crate, and the modules that may name it.
const OWNERS: [(&str, &str); 5] = [
    ("clap", "main cli commands value"),
    ("cap_std", "fingerprint policy receipt session volume workspace"),
    ("wasmtime", "policy unsafe_calls wit"),
    ("wasmtime_wasi", "policy"),
    ("libc", "engine unsafe_calls"),
];

fn modules_import_only_what_lies_below_them() -> Outcome {
    let mut faults = BTreeSet::new();
    for (file, line) in lines() {
        let from = module(&file);
        let (_, below) = MAY_USE
            .iter()
            .find(|(name, _)| *name == from)
            .unwrap_or_else(|| panic!("`{from}` stands in no layer: add it to MAY_USE"));
        let root = if from == "main" { "paude::" } else { "crate::" };
        for to in named(&line, root) {
            if to != from && !below.split(' ').any(|name| name == to) {
                faults.insert(format!("{}: {from} uses {to}", file.display()));
            }
        }
        if line.contains("super::super::") {
            faults.insert(format!("{}: climbs out by super::super", file.display()));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

fn crates_are_seen_only_by_their_owners() -> Outcome {
    let mut faults = BTreeSet::new();
    for (file, line) in lines() {
        for (name, owners) in OWNERS {
            let seen = named(&format!(" {line}"), "").iter().any(|word| word == name);
            if seen && !owners.split(' ').any(|owner| owner == module(&file)) {
                faults.insert(format!("{}: names {name}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

/// The words that follow `root`; of several in braces, each. Without a root, every
/// word that `::` follows.
fn named(line: &str, root: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    if root.is_empty() {
        let before = |text: &str| text.chars().rev().collect::<String>();
        let parts: Vec<_> = line.split("::").collect();
        let heads = parts[..parts.len() - 1].iter();
        return heads.map(|head| before(&word(&before(head)))).collect();
    }
    let tails = line.split(root).skip(1);
    tails
        .flat_map(|tail| match tail.strip_prefix('{') {
            Some(list) => list.split(',').map(|name| word(name.trim())).collect(),
            None => vec![word(tail)],
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Every line of code, with the file it stands in, relative to `host/src`.
fn lines() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut dirs) = (Vec::new(), vec![root.clone()]);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => dirs.push(path),
                Some(end) if end == "rs" && path != root.join("lib.rs") => files.push(path),
                _ => {}
            }
        }
    }
    let of = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().to_owned();
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        code.map(|line| (name.clone(), line.to_owned())).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(of).collect()
}

/// The top-level module that a file belongs to.
fn module(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}
