//! Running `paude` on something hostile, and what it cost.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::policies;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude};

/// What `paude` may take beyond a policy's own time.
const GRACE: Duration = Duration::from_millis(500);
/// What `paude` may have in memory, whatever the policy does.
const MEMORY: u64 = 400 << 20;

/// A project with something of everything that a policy could want to harm.
pub fn project() -> Env {
    let mut env = Env::with(
        r##"
        file: "untouched"
        dir/
        .venv/pyvenv.cfg: "home = /usr/bin\nversion = 3.11.2\n"
        .venv/bin/python: "#!/bin/sh\n"
        src/main.py
        out -> ../outside
        dangling -> nowhere
        absolute -> /etc/passwd
        "##,
    );
    crate::support::tree::make(&env.root(), "outside/file: \"not yours\"");
    // What paude keeps of a policy is its own; `cache` tests that. Nothing else may change.
    env.vars.push(policies::shared_cache());
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        env.project.join("fifo"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    env
}

/// Runs `paude`; fails if it took longer than this and a grace, more memory than it
/// may, or changed anything in the project.
///
/// Other tests and builds share the machine, and can only make a run slower: the
/// best of three counts.
#[track_caller]
pub fn run(env: &Env, args: &[&str], time: Duration) -> Ran {
    let before = snapshot(&env.root());
    let mut took = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let (ran, memory) = measured(env, args);
        took = took.min(start.elapsed());
        assert!(memory < MEMORY, "took {} MiB: {args:?}", memory >> 20);
        assert_unchanged(&env.root(), &before);
        if took <= time + GRACE {
            return ran;
        }
    }
    panic!("took {took:?}, not {time:?}: {args:?}");
}

/// [`run`], refused in one error that begins with these words; nothing is printed.
#[track_caller]
pub fn refused(env: &Env, args: &[&str], time: Duration, code: i32, words: &str) -> Ran {
    let ran = run(env, args, time).code(code).prints("");
    let said = ran.stderr();
    assert!(said.starts_with(&format!("error: {words}")), "not {words:?}, but:\n{said}");
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert!(said.lines().count() <= 2 && said.len() < 3000, "{said}");
    ran
}

/// What `paude` did, and the most memory it had.
fn measured(env: &Env, args: &[&str]) -> (Ran, u64) {
    let out = tempfile::tempdir().unwrap();
    let file = |name: &str| File::create(out.path().join(name)).unwrap();
    let mut command = env.command(paude());
    command.args(args).stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
    let mut child = command.spawn().unwrap();
    let mut memory = 0;
    let status = loop {
        // Only grows, and is gone once the program has ended.
        memory = memory.max(peak(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |name: &str| std::fs::read(out.path().join(name)).unwrap();
    (Ran(Output { status, stdout: read("stdout"), stderr: read("stderr") }), memory)
}

/// The most memory that a process had, in bytes.
fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status"));
    let status = status.ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
