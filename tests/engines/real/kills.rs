//! Sessions of which one part after the other is killed, and commands that join while it ends.

use std::path::Path;
use std::process::Child;

use super::Test;
use super::lane::Lane;
use super::sessions::{child_of, exec, exec_command, kill, processes, seconds};
use super::up::Project;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Ran, wait_for};

/// What a session that stays consists of, with a command that joined it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The paude in the background.
    Paude,
    /// The engine's client, or the native engine's helper.
    Client,
    /// The container's first process.
    First,
    /// A child of that.
    Child,
    /// The paude of the command that joined.
    Joined,
    /// The client or helper of that.
    JoinedClient,
}

const PARTS: [Part; 6] =
    [Part::Paude, Part::Client, Part::First, Part::Child, Part::Joined, Part::JoinedClient];

impl Part {
    /// Its process; `None` if that cannot be seen here.
    fn pid(self, project: &Project, joined: &Child) -> Option<u32> {
        Some(match self {
            Self::Paude => project.pid(),
            Self::Client => child_of(project.pid()),
            Self::First => project.first_pid()?,
            Self::Child => child_of(project.first_pid()?),
            Self::Joined => joined.id(),
            Self::JoinedClient => child_of(joined.id()),
        })
    }

    /// Whether the session goes on without it.
    fn is_joined(self) -> bool {
        matches!(self, Self::Joined | Self::JoinedClient)
    }
}

/// Kills a part of a session with a mount point that paude creates; the next run clears up.
fn kill_part(project: &Project, part: Part) {
    let env = &project.env;
    let hidden = ["--venv", "auto", "--venv", ".venv"];
    project.up(&[&hidden[..], &["--setup", "echo own >.venv/own"]].concat()).code(0);
    let long = seconds(env, 3);
    let _ = std::fs::remove_file(env.project.join("joined"));
    let mut joined = exec_command(env, &format!("touch joined; sleep {long}")).spawn().unwrap();
    wait_for("the command does not start", 60, || {
        env.project.join("joined").exists() && !processes(&long).is_empty()
    });
    let pid = part.pid(project, &joined);
    if let Some(pid) = pid {
        kill("KILL", pid);
    }
    let what = format!("{part:?}: the command goes on");
    if pid.is_none() || part.is_joined() {
        wait_for(&what, 60, || pid.is_none() || processes(&long).is_empty());
        exec(env, "cat .venv/own").code(0).prints("own\n");
        project.down().code(0);
    } else {
        // A process that was killed holds its locks for a moment.
        let ended = || env.paude(&["ps"]).stdout().is_empty();
        wait_for(&format!("{part:?}: the session goes on"), 60, ended);
    }
    project.lane.paude(env, &["--venv", "none", "--quiet", "--", "true"]).code(0);
    wait_for(&what, 60, || joined.try_wait().unwrap().is_some() && processes(&long).is_empty());
    project.nothing_left();
    assert!(!env.project.join(".venv").exists(), "{part:?}: the mount point is still there");
    assert_eq!(journals(&env.home()), "", "{part:?}");
}

/// What is noted of runs that have not been cleared up.
fn journals(home: &Path) -> String {
    let files = home.join(".local/state/paude").read_dir().unwrap().flatten();
    let journals = files.filter(|file| file.file_name().to_string_lossy().ends_with(".journal"));
    journals.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
}

parameterized!(
    Test,
    fn whichever_part_is_killed_the_next_run_leaves_nothing(lane: &Lane) -> Outcome {
        let project = Project::with(lane, "mine/.venv/pyvenv.cfg\nmine/.venv/bin/python");
        let mine = project.env.project.join("mine");
        let before = snapshot(&mine);
        for _ in 0..lane.rounds() {
            for part in PARTS {
                kill_part(&project, part);
            }
        }
        assert_unchanged(&mine, &before);
        Ok(())
    },
    /// Each either runs to its end, or learns that the session has ended.
    fn many_commands_beside_a_down(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let count = if lane.is_native() || lane.rounds() > 1 { 50 } else { 10 };
        for _ in 0..lane.rounds() {
            project.up(&[]).code(0);
            let start = |_| exec_command(&project.env, "echo ran").spawn().unwrap();
            let mut joined: Vec<_> = (0..count).map(start).collect();
            // Some have ended by then, whatever the machine is like.
            joined[0].wait()?;
            project.down().code(0);
            for child in joined {
                let ran = Ran(child.wait_with_output()?);
                match ran.exit_code() {
                    Some(0) => drop(ran.prints("ran\n")),
                    Some(2) => drop(ran.code(2).says("no session runs on")),
                    _ => drop(ran.code(121).says("has ended")),
                }
            }
            project.nothing_left();
        }
        exec(&project.env, ":").code(2).says("no session runs on");
        Ok(())
    }
);
