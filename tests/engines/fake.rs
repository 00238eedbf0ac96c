//! What goes wrong around a run, shown with engines that are shell scripts. The real ones:
//! `engines::real::faults`.
//!
//! - `endpoints`: daemons and services behind the clients, and podman in docker's place
//! - `faults`: the engine fails, is killed, or goes on after its container should have ended
//! - `images`: builds that fail
//! - `joined`: commands that join a session
//! - `journal`: what a killed run left, and who may clear it
//! - `places`: directories that change, full disks, homes that belong to others
//! - `volumes`: engines that do not report what became of their volumes

mod endpoints;
mod faults;
mod images;
mod joined;
mod journal;
mod places;
mod volumes;

use std::path::PathBuf;

use libtest_mimic::Trial;

use crate::support::{Env, Ran};

/// The tests of these modules.
pub fn trials() -> Vec<Trial> {
    let all = [
        endpoints::trials(),
        faults::trials(),
        images::trials(),
        joined::trials(),
        journal::trials(),
        places::trials(),
        volumes::trials(),
    ];
    all.into_iter().flatten().collect()
}

/// An engine that does `run` on `run` and `others` on everything else, and logs its arguments.
fn fake(env: &mut Env, engine: &str, run: &str, others: &str) -> PathBuf {
    let script = format!(
        "case $1 in\n  run) echo run >>\"$ROOT/log\"; {run} ;;\n  \
         *) echo \"$@\" >>\"$ROOT/log\"; echo NAME; {others} ;;\nesac"
    );
    env.fake_engine(engine, &script)
}

/// A run of a fake podman with `.venv` reserved.
fn reserved(env: &Env) -> Ran {
    env.paude(&["--quiet", "--engine", "podman", "--venv", ".venv", "--", "true"])
}

/// The subcommands that the engine was started with, each followed by a space.
fn subcommands(env: &Env) -> String {
    let log = std::fs::read_to_string(env.root().join("log")).unwrap_or_default();
    log.lines().map(|line| line.split(' ').next().unwrap().to_owned() + " ").collect()
}

/// The content of all journals.
fn journal(env: &Env) -> String {
    let dir = env.home().join(".local/state/paude");
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|file| file.path());
    let journals = files.filter(|path| path.extension().is_some_and(|end| end == "journal"));
    journals.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// An engine that kills paude, as the kernel does when memory runs out.
const KILLS_PAUDE: &str = "kill -KILL $PPID; exit 0";

/// The journal of a run that was killed.
fn journal_of_killed_run(env: &mut Env) -> PathBuf {
    fake(env, "podman", KILLS_PAUDE, "exit 0");
    assert_eq!(reserved(env).exit_code(), None);
    let dir = env.home().join(".local/state/paude");
    let files = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|end| end == "journal")).unwrap()
}

/// Fails unless stderr has exactly one error, with this text.
#[track_caller]
fn one_error(ran: &Ran, text: &str) {
    let stderr = ran.stderr();
    assert_eq!(stderr.matches("error: ").count(), 1, "{stderr}");
    assert!(stderr.contains(text), "no {text:?} in: {stderr}");
}
