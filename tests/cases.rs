//! Golden cases: see `cases/README.md`.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::policies::Policy;
use crate::support::{Env, Outcome, golden, tree};

/// What a case may hold; a file of another name would be proof that proves nothing.
const FILES: [&str; 10] = [
    "README",
    "args",
    "tree",
    "paude.json",
    "policy",
    "plan.json",
    "plan.txt",
    "podman",
    "docker",
    "native",
];

/// One trial for each folder. A case of a policy that is not built is ignored.
pub fn trials() -> Vec<Trial> {
    let case = |name: String| {
        let policies = policies(&name);
        let (title, ignored) = (format!("cases::{name}"), policies.iter().any(Policy::ignored));
        let test = move || run(&name, &policies);
        Trial::test(title, test).with_ignored_flag(ignored)
    };
    names().into_iter().map(case).collect()
}

/// The names of all cases.
pub fn names() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The policies that a case is about, if not the built-in one alone.
pub fn policies(name: &str) -> Vec<Policy> {
    read(name, "policy").lines().map(Policy::read).collect()
}

/// The project of a case, and its further arguments.
pub fn arrange(name: &str) -> (Env, Vec<String>) {
    let case = folder().join(name);
    let read = |name: &str| std::fs::read_to_string(case.join(name)).unwrap_or_default();
    let env = Env::new();
    tree::make(&env.project, &read("tree"));
    if case.join("paude.json").exists() {
        env.write("paude.json", &read("paude.json"));
    }
    (env, read("args").lines().map(str::to_owned).collect())
}

/// A golden file of a case; empty if there is none.
pub fn read(name: &str, file: &str) -> String {
    std::fs::read_to_string(folder().join(name).join(file)).unwrap_or_default()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases")
}

fn run(name: &str, policies: &[Policy]) -> Outcome {
    let case = folder().join(name);
    for entry in std::fs::read_dir(&case).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            FILES.contains(&name.as_str()) || name == "error.txt",
            "{name}: not read by any test"
        );
    }
    let (env, args) = arrange(name);
    let files = policies.iter().map(Policy::file).collect::<Result<Vec<_>, _>>()?;
    let plan = |format: &str| {
        let mut words = vec!["plan", "--format", format];
        words.extend(args.iter().map(String::as_str));
        words.extend(files.iter().flat_map(|file| ["--policy", file]));
        env.paude(&words)
    };
    let error = case.join("error.txt");
    if error.exists() {
        let ran = plan("json");
        assert_eq!(ran.stdout(), "");
        let code = ran.0.status.code().unwrap();
        golden(&error, &normal(&env, &format!("exit {code}\n{}", ran.stderr())));
        return Ok(());
    }
    for (format, file) in [("json", "plan.json"), ("text", "plan.txt")] {
        let ran = plan(format).code(0);
        golden(&case.join(file), &normal(&env, &(ran.stdout() + &ran.stderr())));
    }
    for engine in ["podman", "docker", "native"] {
        if case.join(engine).exists() {
            golden(&case.join(engine), &command(&normal(&env, &plan(engine).code(0).stdout())));
        }
    }
    Ok(())
}

/// Puts words in place of what differs from run to run.
pub fn normal(env: &Env, text: &str) -> String {
    let text = text
        .replace(env.project.to_str().unwrap(), "/WORKSPACE")
        .replace(env.root().to_str().unwrap(), "/ROOT");
    // A volume's name is a hash of where the project is.
    let mut parts = text.split("paude-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.get(..32) {
        Some(hash) if hash.bytes().all(|b| b.is_ascii_hexdigit()) => text + "VOLUME" + &part[32..],
        _ => text + "paude-" + part,
    })
}

/// A command line, one argument a line, with the script and the run's name left out.
fn command(text: &str) -> String {
    let script = include_str!("../host/src/render/entry.sh").replace('\'', r"'\''");
    let text = text.replace(&format!("'{script}'"), "SCRIPT");
    let mut words = Vec::new();
    for word in text.split(' ') {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        words.push(match word.split_once(':') {
            Some((uid, gid)) if digits(uid) && digits(gid) => "UID:GID",
            _ if word.starts_with("paude-") => "NAME",
            _ => word,
        });
    }
    words.join("\n")
}
