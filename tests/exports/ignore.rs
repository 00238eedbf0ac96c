//! The lists of `paude export ignore`, read back by the programs whose patterns they have.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use crate::support::{Env, which};
use crate::trials;

/// Names with a meaning in some list of patterns.
const NAMES: [&str; 26] = [
    ".venv",
    "a b",
    " leading",
    "trailing ",
    "trailing\u{a0}",
    "a,b",
    "d:e",
    "#x",
    "!y",
    "\\#z",
    "back\\slash",
    "end\\",
    "*",
    "a*b",
    "a?b",
    "[ab]",
    "[!a]",
    "a]b",
    "{a,b}",
    "(a|b)+",
    "^a$",
    "a.b",
    "$HOME ${X}",
    "it's \"q\"",
    "- name",
    "ünï 日本",
];

/// What a pattern that was quoted wrongly would match as well.
const OTHERS: [&str; 8] = ["axb", "b", "a", "aXb", "ab", "x", "slash", "end"];

/// Environments with all those names, each with a neighbour that is no environment, in `sub` too.
pub fn project() -> Env {
    let env = Env::new();
    for name in NAMES {
        for parent in ["", "sub/"] {
            env.write(&format!("{parent}{name}/pyvenv.cfg"), "");
        }
        // The same name where nothing is hidden.
        if name != ".venv" {
            env.write(&format!("kept/deep/{name}/file"), "");
        }
    }
    for name in OTHERS {
        env.write(&format!("{name}/file"), "");
    }
    env
}

/// The files that the list has to leave out, and those that it has to keep.
pub fn split(env: &Env) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut all = BTreeSet::new();
    add(&env.project, "", &mut all);
    all.into_iter().filter(|path| path != "list").partition(|path| path.ends_with("pyvenv.cfg"))
}

/// Adds the files below a directory to those that are known, with this text in front of their names.
pub fn add(dir: &Path, prefix: &str, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => add(&entry.path(), &format!("{path}/"), all),
            false => drop(all.insert(path)),
        }
    }
}

/// The list in the language of a tool.
pub fn export(env: &Env, dialect: &str) -> String {
    env.paude(&["export", "ignore", "--dialect", dialect]).code(0).stdout()
}

/// All tests; that of rsync is ignored where it is missing.
pub fn trials() -> Vec<Trial> {
    let is_missing = which("rsync").is_none() && std::env::var_os("CI").is_none();
    let of_rsync = of_rsync().into_iter().map(|trial| trial.with_ignored_flag(is_missing));
    others().into_iter().chain(of_rsync).collect()
}

trials!(
    others,
    fn git_reads_the_same_directories() -> Outcome {
        let env = project();
        let (hidden, kept) = split(&env);
        assert_eq!(hidden.len(), 2 * NAMES.len());
        std::fs::write(env.root().join("list"), export(&env, "git"))?;
        let git = |args: &[&str]| {
            let mut git = Command::new("git");
            git.current_dir(&env.project).env("HOME", env.home()).env("GIT_CONFIG_NOSYSTEM", "1");
            git.args(["-c", "core.excludesFile=../list"]).args(args);
            String::from_utf8(git.output().unwrap().stdout).unwrap()
        };
        git(&["init", "--quiet"]);
        let names = |text: String| text.split_terminator('\0').map(str::to_owned).collect();
        let ignored: BTreeSet<String> =
            names(git(&["ls-files", "-z", "--others", "--ignored", "--exclude-standard"]));
        assert_eq!(ignored, hidden);
        let others: BTreeSet<String> =
            names(git(&["ls-files", "-z", "--others", "--exclude-standard"]));
        assert_eq!(others, kept);
        Ok(())
    },
    /// What git takes for a link is no directory.
    fn a_link_out_of_the_project_is_listed_as_a_link() -> Outcome {
        let env = Env::new();
        let outside = env.root().join("outside");
        std::fs::create_dir(&outside)?;
        std::fs::write(outside.join("pyvenv.cfg"), "")?;
        std::os::unix::fs::symlink(&outside, env.project.join("odd "))?;
        let list = env.paude(&["export", "ignore", "--venv", "odd "]).code(0).stdout();
        assert!(list.ends_with("\n/odd\\ \n"), "{list:?}");
        Ok(())
    }
);

trials!(
    of_rsync,
    fn rsync_leaves_out_the_same_directories() -> Outcome {
        let env = project();
        let (_, kept) = split(&env);
        std::fs::write(env.root().join("list"), export(&env, "rsync"))?;
        let mut rsync = Command::new("rsync");
        rsync.args(["-a", "--exclude-from=../list", "./", "../copy/"]);
        assert!(rsync.current_dir(&env.project).status()?.success());
        let mut copied = BTreeSet::new();
        add(&env.root().join("copy"), "", &mut copied);
        assert_eq!(copied, kept);
        Ok(())
    }
);
