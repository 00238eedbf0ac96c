//! `paude up` and `paude down`: a session that stays.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::Test;
use super::lane::Lane;
use super::sessions::{VENV, exec, kill, records};
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude, tree, wait_for};

/// A project in which no session stays once this is dropped.
pub(super) struct Project<'l> {
    pub(super) lane: &'l Lane,
    pub(super) env: Env,
}

impl<'l> Project<'l> {
    pub(super) fn new(lane: &'l Lane) -> Self {
        Self::with(lane, VENV)
    }

    /// One with the entries that `tree` describes.
    pub(super) fn with(lane: &'l Lane, tree: &str) -> Self {
        Self { lane, env: lane.env_with(tree) }
    }

    /// `paude up` on this lane, for a test to start.
    fn up_command(&self, options: &[&str]) -> Command {
        let mut args = self.lane.args();
        "up".clone_into(&mut args[0]);
        let mut command = self.env.command(paude());
        command.args(args).args(options).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// `paude up` on this lane.
    pub(super) fn up(&self, options: &[&str]) -> Ran {
        Ran(self.up_command(options).output().unwrap())
    }

    pub(super) fn down(&self) -> Ran {
        self.env.paude(&["down"])
    }

    /// The lines of the session's record.
    fn record(&self) -> Vec<Value> {
        let sessions = self.env.home().join(".local/state/paude").join(&records(&self.env)[0]);
        let session = sessions.read_dir().unwrap().next().unwrap().unwrap().path();
        let record = std::fs::read_to_string(session.join("record")).unwrap();
        record.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The process that stays.
    pub(super) fn pid(&self) -> u32 {
        number(&self.record()[0]["paude"]["pid"]).unwrap()
    }

    /// The container's first process; `None` if paude does not know it.
    pub(super) fn first_pid(&self) -> Option<u32> {
        self.record().iter().find_map(|line| number(&line["started"]["pid"]))
    }

    #[track_caller]
    pub(super) fn nothing_left(&self) {
        assert_eq!(self.lane.containers(&self.env), "");
        assert!(records(&self.env).is_empty());
        self.env.paude(&["ps"]).code(0).prints("");
    }
}

fn number(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        let _ = self.down();
    }
}

parameterized!(
    Test,
    fn it_is_set_up_once_joined_and_ended(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let env = &project.env;
        let before = snapshot(&env.project.join(".venv"));
        let setup = "echo setting up; echo >>ran; echo made >.venv/made";
        project
            .up(&["--setup", setup])
            .code(0)
            .says("setting up\n")
            .says("is up; `paude exec` joins");
        for _ in 0..2 {
            exec(env, "cat .venv/made").code(0).prints("made\n");
        }
        assert_eq!(std::fs::read_to_string(env.project.join("ran"))?, "\n");
        let list = env.paude(&["ps"]).code(0).stdout();
        assert!(list.contains("prepared") && list.contains("(up)"), "{list}");
        // A run has a container of its own, as without it.
        lane.sh(env, &["--quiet"], "ls -A .venv").code(0).prints("");
        project.down().code(0);
        project.nothing_left();
        assert_unchanged(&env.project.join(".venv"), &before);
        project.down().code(0).says("No session stays on");
        exec(env, ":").code(2).says("no session runs on");
        Ok(())
    },
    fn a_failed_setup_leaves_nothing(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let ran = project.up(&["--setup", "echo broken; exit 9"]).code(9);
        ran.says("broken\n").says("setup ended with code 9");
        project.nothing_left();
        Ok(())
    },
    fn up_when_up_says_whether_it_still_fits(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let options = ["--setup", ":", "-e", "A=1"];
        project.up(&options).code(0);
        project.up(&options).code(0).says("is up already");
        // What changes in the project is not what the session depends on.
        project.env.write("another.py", "");
        project.up(&options).code(0).says("is up already");
        project.up(&["--setup", "true", "-e", "A=1"]).code(1).says("changed: the setup\n");
        project.up(&["--setup", ":", "-e", "A=2"]).code(1).says("changed: the variables\n");
        let idle = [&options[..], &["--idle", "1h"]].concat();
        project.up(&idle).code(1).says("changed: the idle time\n");
        crate::support::tree::make(&project.env.project, "tools/.venv/pyvenv.cfg");
        lane.give(&project.env.project);
        project.up(&options).code(1).says("the hidden environments");
        exec(&project.env, "echo $A").code(0).prints("1\n");
        project.up(&["--renew", "-e", "A=3"]).code(0).says("is up;");
        exec(&project.env, "echo $A").code(0).prints("3\n");
        let list = project.env.paude(&["ps"]).code(0).stdout();
        assert_eq!(list.lines().count(), 1, "{list}");
        project.down().code(0);
        project.nothing_left();
        Ok(())
    },
    fn it_works_with_volumes(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let options = ["--storage", "volume", "--setup", "echo >>ran; echo made >.venv/made"];
        project.up(&options).code(0);
        exec(
            &project.env,
            "cat .venv/made; test -n \"$UV_CACHE_DIR\"; touch \"${PIP_CACHE_DIR%/*}/x\"",
        )
        .code(0)
        .prints("made\n");
        project.up(&options).code(0).says("is up already");
        project.down().code(0);
        project.up(&options).code(0);
        assert_eq!(std::fs::read_to_string(project.env.project.join("ran"))?, "\n");
        project.down().code(0);
        project.nothing_left();
        remove_volumes(&project.env);
        Ok(())
    },
    fn it_ends_when_idle(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        project.up(&["--idle", "1s"]).code(0);
        wait_for("it does not end", 60, || records(&project.env).is_empty());
        project.nothing_left();
        Ok(())
    },
    fn what_a_killed_one_left_is_cleared_by_the_next_run(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let before = snapshot(&project.env.project.join(".venv"));
        project.up(&["--setup", ":"]).code(0);
        let pid = project.pid();
        kill("KILL", pid);
        // A killed process holds its locks for a moment.
        wait_for("it does not end", 60, || exec(&project.env, ":").exit_code() == Some(2));
        exec(&project.env, ":").code(2).says("no session runs on");
        lane.paude(&project.env, &["--quiet", "--", "true"]).code(0);
        project.nothing_left();
        project.up(&["--setup", ":"]).code(0).says("is up;");
        project.down().code(0);
        project.nothing_left();
        assert_unchanged(&project.env.project.join(".venv"), &before);
        Ok(())
    },
    fn a_signal_during_the_setup_leaves_nothing(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let up = project.up_command(&["--setup", "touch begun; sleep 100"]).spawn()?;
        wait_for("the setup does not start", 60, || project.env.project.join("begun").exists());
        kill("INT", up.id());
        Ran(up.wait_with_output()?).code(130);
        project.nothing_left();
        Ok(())
    },
    /// With a volume, the setup runs in a container of its own.
    fn down_during_the_setup_ends_it(lane: &Lane) -> Outcome {
        for storage in ["tmpfs", "volume"] {
            let project = Project::new(lane);
            let setup = "touch begun; sleep 100";
            let up = project.up_command(&["--storage", storage, "--setup", setup]).spawn()?;
            wait_for("the setup does not start", 60, || project.env.project.join("begun").exists());
            let list = project.env.paude(&["ps"]).code(0).stdout();
            assert!(list.contains("in setup"), "{list}");
            project.down().code(0);
            Ran(up.wait_with_output()?).code(143);
            project.nothing_left();
            remove_volumes(&project.env);
        }
        Ok(())
    },
    fn a_further_directory_is_shown_and_cleared_up_too(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let shared = project.env.root().join("shared");
        let settings = "paude.json: \"{\\\"venv\\\": [\\\"auto\\\", \\\"later\\\"]}\"";
        tree::make(&shared, settings);
        lane.give(&shared);
        project.up(&["--with", "../shared"]).code(0);
        let later = shared.join("later");
        let list = project.env.paude(&["ps"]).code(0).stdout();
        let wanted = format!("  .venv, {}\n", later.display());
        assert!(list.ends_with(&wanted), "{list}");
        assert!(later.exists());
        kill("KILL", project.pid());
        // A killed process holds its locks for a moment.
        wait_for("it does not end", 60, || exec(&project.env, ":").exit_code() == Some(2));
        project.down().code(0).says("No session stays on");
        project.nothing_left();
        assert!(!later.exists());
        Ok(())
    }
);

/// Removes the volumes of a project.
pub(super) fn remove_volumes(env: &Env) {
    let list = env.paude(&["volumes", "list"]).code(0).stdout();
    for name in list.lines().filter_map(|line| line.split(' ').next()) {
        env.paude(&["volumes", "remove", name]).code(0);
    }
}
