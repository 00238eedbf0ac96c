//! Runs `paude` on something hostile, and limits what that may cost.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::policy::languages;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Checked, Env, Ran, paude, tree};

/// How long `paude` may take beyond a policy's own time. Without a limit each of these policies
/// takes far longer, and a machine that is busy with other tests takes a part of this.
const GRACE: Duration = Duration::from_secs(3);
/// How much memory `paude` may use, whatever the policy does.
const MEMORY: u64 = 400 << 20;

/// A project with one of each kind of entry that a policy could attack.
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
    tree::make(&env.root(), "outside/file: \"not yours\"");
    // Outside the root, where nothing may change; `policy::cache` tests the cache itself.
    env.vars.push(languages::shared_cache());
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        env.project.join("fifo"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    env
}

/// Runs `paude`; fails if it takes longer than this time and [`GRACE`], uses more than [`MEMORY`],
/// or changes anything.
///
/// The best of three runs counts: other programs share the machine, and only make a run slower.
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

/// [`run`]; fails unless it is refused in one error that begins with this text, and prints nothing.
#[track_caller]
pub fn refused(env: &Env, args: &[&str], time: Duration, code: i32, words: &str) -> Checked {
    let ran = run(env, args, time).code(code).prints("");
    let said = ran.stderr();
    assert!(said.starts_with(&format!("error: {words}")), "not {words:?}, but:\n{said}");
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert!(said.lines().count() <= 2 && said.len() < 3000, "{said}");
    ran
}

/// Runs `paude`; returns what it did, and the most memory it used.
fn measured(env: &Env, args: &[&str]) -> (Ran, u64) {
    let out = tempfile::tempdir().unwrap();
    let file = |name: &str| File::create(out.path().join(name)).unwrap();
    let mut command = env.command(paude());
    command.args(args).stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
    let mut child = command.spawn().unwrap();
    let mut memory = 0;
    let status = loop {
        // The peak only grows, and cannot be read after the program has ended.
        memory = memory.max(peak(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |name: &str| std::fs::read(out.path().join(name)).unwrap();
    (Ran(Output { status, stdout: read("stdout"), stderr: read("stderr") }), memory)
}

/// The most memory that a process used, in bytes.
fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status"));
    let status = status.ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}
