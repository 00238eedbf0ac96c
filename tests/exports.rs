//! `paude export`: golden files, which `exports/README.md` describes, and what happens to files.

mod files;
pub mod ignore;
mod quadlet;
mod schema;

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::cases::normal;
use crate::support::{Env, Outcome, golden, tree};

/// The exports that a case may have: a file's name, and the arguments that write it.
const EXPORTS: [(&str, &[&str]); 9] = [
    ("compose", &["compose"]),
    ("devcontainer", &["devcontainer"]),
    ("kube", &["kube"]),
    ("kube-claim", &["kube", "--claim", "shop-sources"]),
    ("kube-job", &["kube", "--job"]),
    ("quadlet", &["quadlet"]),
    ("ignore-git", &["ignore", "--dialect", "git"]),
    ("ignore-docker", &["ignore", "--dialect", "docker"]),
    ("ignore-rsync", &["ignore", "--dialect", "rsync"]),
];

/// The other files of a case.
const FILES: [&str; 4] = ["README", "args", "tree", "paude.json"];

/// A trial for each folder, and the other tests.
pub fn trials() -> Vec<Trial> {
    let folders = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = folders
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let case = |name: String| Trial::test(format!("exports::{name}"), move || run(&name));
    let cases = names.into_iter().map(case);
    let others = [files::trials(), ignore::trials(), quadlet::trials(), schema::trials()];
    cases.chain(others.into_iter().flatten()).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/exports")
}

/// What the golden files of these names hold behind exit code 0 and stderr, with a name for each.
fn goldens(files: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for case in std::fs::read_dir(folder()).unwrap() {
        let case = case.unwrap();
        for file in files {
            let text = std::fs::read_to_string(case.path().join(file)).unwrap_or_default();
            if let (true, Some(start)) = (text.starts_with("exit 0"), text.find("# Written by")) {
                let name = format!("{}-{file}", case.file_name().to_str().unwrap());
                found.push((name, text[start..].to_owned()));
            }
        }
    }
    found
}

fn run(name: &str) -> Outcome {
    let case = folder().join(name);
    let read = |file: &str| std::fs::read_to_string(case.join(file)).unwrap_or_default();
    assert_eq!(read("README").lines().count(), 1, "README says in one line why the case exists");
    for entry in std::fs::read_dir(&case)? {
        let file = entry?.file_name().into_string().unwrap();
        let is_known =
            FILES.contains(&file.as_str()) || EXPORTS.iter().any(|(own, _)| *own == file);
        assert!(is_known, "{file}: not read by any test");
    }
    let env = Env::new();
    tree::make(&env.project, &read("tree"));
    if case.join("paude.json").exists() {
        env.write("paude.json", &read("paude.json"));
    }
    let args = read("args");
    for (file, export) in EXPORTS.into_iter().filter(|(file, _)| case.join(file).exists()) {
        let mut words = vec!["export"];
        words.extend(export);
        words.extend(args.lines());
        let ran = env.paude(&words);
        let code = ran.exit_code().unwrap();
        let text = format!("exit {code}\n{}\n{}", ran.stderr(), without_script(&ran.stdout()));
        golden(&case.join(file), &normal(&env, &text));
    }
    Ok(())
}

/// An export with `SCRIPT` in place of the part of the script that is the same in each, however
/// the format quotes it.
fn without_script(text: &str) -> String {
    let Some(start) = text.find("# What starts a command") else {
        return text.to_owned();
    };
    let last = ["\\\"$$@\\\"\\n", "\\\"$@\\\"\\n", "\"$$@\"\n", "\"$@\"\n"];
    let ends = last.map(|arguments| format!("start_command {arguments}"));
    let end = ends.iter().find_map(|end| Some(text.rfind(end.as_str())? + end.trim_end().len()));
    format!("{}SCRIPT{}", &text[..start], &text[end.expect("the script's end")..])
}
