//! Components from `tests/policies/hostile`; its README says how they are written.

use std::path::{Path, PathBuf};

use crate::support::Env;

/// The head of the core function `detect`, with the parameters that a query is passed in.
pub const DETECT: &str = "(func (export \"detect\") \
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)";

/// Writes the policy of that name, beside the project.
pub fn make(env: &Env, name: &str) -> PathBuf {
    let path = env.root().join(format!("{name}.wasm"));
    std::fs::write(&path, component(&read(name))).unwrap();
    path
}

/// The component around a policy's core module.
pub fn component(text: &str) -> Vec<u8> {
    let text = repeated(text);
    let exports = |name: &str| text.contains(&format!("(export \"{name}\")"));
    let base = |wanted: bool, name: &str| {
        if wanted { read(&format!("base/{name}")) } else { String::new() }
    };

    let wasi = text.contains("(import \"wasi\"");
    let post = if exports("post") { "(post-return (core func $m \"post\"))" } else { "" };
    let parts = [
        "(component".to_owned(),
        base(!text.contains("(core module $heap"), "heap"),
        text.clone(),
        "(core instance $h (instantiate $heap))".to_owned(),
        base(wasi && !text.contains("(core instance $wasi"), "wasi"),
        format!(
            "(core instance $m (instantiate $main (with \"heap\" (instance $h)) {}))",
            if wasi { "(with \"wasi\" (instance $wasi))" } else { "" }
        ),
        read("base/detection").replace(";; POST", post),
        base(exports("plan"), "planning"),
        ")".to_owned(),
    ];
    wat::parse_str(parts.join("\n")).unwrap_or_else(|error| panic!("{error}"))
}

/// Replaces each line `REPEAT n text` by n lines of the text.
fn repeated(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("REPEAT ").and_then(|rest| rest.split_once(' '))
    {
        Some((count, text)) => format!("{text}\n").repeat(count.parse().unwrap()),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/policies/hostile");
    let path = root.join(format!("{name}.wat"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
