//! What `devcontainer read-configuration` of `@devcontainers/cli`, the reference implementation,
//! reads from the files of the golden cases is what paude reads. `cargo xtask test` fetches it.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;

use super::variables;
use crate::support::{Env, Outcome, setup};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/devcontainers")
}

/// One trial for each case that paude accepts.
pub fn trials() -> Vec<Trial> {
    let program = setup()["devcontainer_cli"].as_str().map(str::to_owned);
    let ignored = program.is_none() && std::env::var_os("CI").is_none();
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| accepted(name))
        .collect();
    names.sort();
    let trial = |name: String| {
        let program = program.clone();
        let title = format!("devcontainer::reference::{name}");
        let test =
            move || compare(&name, program.as_deref().ok_or("`cargo xtask test` fetches it")?);
        Trial::test(title, test).with_ignored_flag(ignored)
    };
    names.into_iter().map(trial).collect()
}

fn accepted(name: &str) -> bool {
    let golden = std::fs::read_to_string(folder().join(name).join("expected.json"));
    golden.is_ok_and(|text| !text.contains("\"error\"") && !text.contains("\"compose\""))
}

/// The case's folder, in a place of its own that is in no git repository.
fn copy(name: &str) -> Env {
    let env = Env::named(name);
    let from = folder().join(name).join(".");
    assert!(Command::new("cp").arg("-R").args([&from, &env.project]).status().unwrap().success());
    env
}

/// The object that the reference implementation prints. Its docker finds no container, and its
/// environment has none of the variables that the cases name.
fn reference(env: &Env, program: &str) -> Value {
    let docker = env.root().join("docker");
    env.install(&docker, "#!/bin/sh\nexit 0\n");
    let mut command = env.command("node");
    command.env_remove("HOME").args([program, "read-configuration", "--workspace-folder", "."]);
    let output = command.arg("--docker-path").arg(docker).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn compare(name: &str, program: &str) -> Outcome {
    let env = copy(name);
    let read = reference(&env, program);
    let (wanted, project) = (&read["configuration"], env.project.to_str().unwrap());
    let place = read["workspace"]["workspaceFolder"].as_str().unwrap();
    let local = |text: &str| text.replace(place, project);

    let mut args = vec!["run", "--dry-run", "--engine", "podman", "--devcontainer"];
    if wanted["image"].is_null() {
        args.extend(["--image", "some"]);
    }
    let words = shlex::split(&env.paude(&args).code(0).stdout()).unwrap();
    let at = words.iter().position(|word| word == "--entrypoint").unwrap();
    // The option's value, the image, -c, the script and its name stand before the setup.
    let (image, arguments) = (&words[at + 2], &words[at + 6..]);
    if let Some(wanted) = wanted["image"].as_str() {
        assert_eq!(image, wanted);
    }
    // SETUP ENVIRONMENT VOLUMES VARIABLES
    let (setup, script) = (&arguments[0], &arguments[3]);
    let ours = variables(&words);
    for (name, value) in merged_env(wanted) {
        let known =
            value.as_str().map(&local).or_else(|| (!value.is_null()).then(|| value.to_string()));
        match known {
            None => assert!(script.contains(&format!("unset {name}; ")), "{name}: {script}"),
            Some(value) if value.contains("${containerEnv:") => {}
            Some(value) => {
                let late = format!("={}; ", shlex::try_quote(&value)?);
                let is_set = ours.contains(&format!("{name}={value}").as_str());
                assert!(is_set || script.contains(&late), "{name}={value}: {ours:?} {script}");
            }
        }
    }
    for command in ["onCreateCommand", "updateContentCommand", "postCreateCommand"] {
        for text in texts(&wanted[command]) {
            let text = local(text);
            let quoted = shlex::try_quote(&text)?.into_owned();
            let is_run = *setup == text || setup.contains(&quoted);
            let is_empty = text.trim().is_empty();
            assert!(is_run || is_empty || text.contains("${containerEnv:"), "{text}: {setup}");
        }
    }
    Ok(())
}

/// `remoteEnv` over `containerEnv`, without names that no shell can set.
fn merged_env(configuration: &Value) -> serde_json::Map<String, Value> {
    let mut all = serde_json::Map::new();
    for key in ["containerEnv", "remoteEnv"] {
        all.extend(configuration[key].as_object().cloned().unwrap_or_default());
    }
    all.retain(|name, _| !name.contains('.'));
    all
}

/// All strings in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
