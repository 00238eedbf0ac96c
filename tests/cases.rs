//! Golden cases: see `cases/README.md`.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::policy::languages::Policy;
use crate::support::{ENTRY_SCRIPT, Env, Outcome, golden, tree};

/// The engines whose command a case may compare.
const ENGINES: [&str; 3] = ["podman", "docker", "native"];

/// The files that a case may have besides [`ENGINES`]; no test would read another.
const FILES: [&str; 8] =
    ["README", "args", "tree", "paude.json", "policy", "plan.json", "plan.txt", "error.txt"];

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

/// The policies of a case, if not the built-in one alone.
pub fn policies(name: &str) -> Vec<Policy> {
    read(name, "policy").lines().map(Policy::read).collect()
}

/// The project of a case, and its further arguments.
pub fn arrange(name: &str) -> (Env, Vec<String>) {
    let case = folder().join(name);
    let env = Env::new();
    tree::make(&env.project, &read(name, "tree"));
    if case.join("paude.json").exists() {
        env.write("paude.json", &read(name, "paude.json"));
    }
    (env, read(name, "args").lines().map(str::to_owned).collect())
}

/// A file of a case; empty if there is none.
pub fn read(name: &str, file: &str) -> String {
    std::fs::read_to_string(folder().join(name).join(file)).unwrap_or_default()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases")
}

/// Fails if a case does not say why it exists, or has a file that no test reads.
fn check_files(case: &Path, name: &str) {
    let why = read(name, "README");
    assert_eq!(why.lines().count(), 1, "README has to say in one line why the case exists");
    for entry in std::fs::read_dir(case).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let is_known = FILES.contains(&file.as_str()) || ENGINES.contains(&file.as_str());
        assert!(is_known, "{file}: not read by any test");
    }
}

fn run(name: &str, policies: &[Policy]) -> Outcome {
    let case = folder().join(name);
    check_files(&case, name);
    let (env, args) = arrange(name);
    let files = policies.iter().map(Policy::file).collect::<Result<Vec<_>, _>>()?;
    let plan = |format: &str| {
        let mut words = vec!["plan", "--format", format];
        words.extend(args.iter().map(String::as_str));
        words.extend(files.iter().flat_map(|file| ["--policy", file]));
        env.paude(&words)
    };
    // A new case has no golden file yet: its first run decides which it gets.
    let ran = plan("json");
    let error = case.join("error.txt");
    let is_new = !error.exists() && !case.join("plan.json").exists();
    if error.exists() || is_new && ran.exit_code() != Some(0) {
        assert_eq!(ran.stdout(), "");
        let code = ran.exit_code().unwrap();
        golden(&error, &normal(&env, &format!("exit {code}\n{}", ran.stderr())));
        return Ok(());
    }
    for (format, file) in [("json", "plan.json"), ("text", "plan.txt")] {
        let ran = plan(format).code(0);
        golden(&case.join(file), &normal(&env, &(ran.stdout() + &ran.stderr())));
    }
    for engine in ENGINES.into_iter().filter(|engine| case.join(engine).exists()) {
        let ran = plan(engine).code(0);
        golden(&case.join(engine), &command(&normal(&env, &ran.stdout())));
    }
    Ok(())
}

/// Replaces what differs from run to run: directories, and the names of volumes.
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

/// A command line with one argument a line, quoted for a shell. Paude's own script is left out,
/// and what differs from run to run is replaced.
fn command(text: &str) -> String {
    let mut words = shlex::split(text).expect("a command line");
    if let Some(at) = words.iter().position(|word| word == ENTRY_SCRIPT) {
        // What follows the script: its name, SETUP, ENVIRONMENT, VOLUMES, VARIABLES, INODE,
        // WITNESS, ACCESS, the counts of shadows and of further directories, their paths.
        let count = |at: usize| words[at].parse::<usize>().expect("a count");
        let further = at + 11 + 2 * (1 + count(at + 9));
        let further = (0..count(at + 10)).map(|n| further + 5 * n + 2);
        for inode in std::iter::once(at + 6).chain(further.collect::<Vec<_>>()) {
            "INODE".clone_into(&mut words[inode]);
            "WITNESS".clone_into(&mut words[inode + 1]);
        }
        "SCRIPT".clone_into(&mut words[at]);
    }
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut lines = String::new();
    for word in &words {
        let word = match word.split_once(':') {
            Some((uid, gid)) if is_number(uid) && is_number(gid) => "UID:GID",
            _ if word.starts_with("paude-") => "NAME",
            _ => word,
        };
        lines.push_str(&shlex::try_quote(word).expect("no NUL"));
        lines.push('\n');
    }
    lines
}
