//! `paude up` and `paude down`: a session that stays.

use std::process::Stdio;

use super::Test;
use super::lane::Lane;
use super::sessions::{VENV, exec, exec_command, kill, records};
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude, wait_for};

/// A project in which no session stays once this is dropped.
struct Project<'l> {
    lane: &'l Lane,
    env: Env,
}

impl<'l> Project<'l> {
    fn new(lane: &'l Lane) -> Self {
        Self { lane, env: lane.env_with(VENV) }
    }

    /// `paude up` on this lane.
    fn up(&self, options: &[&str]) -> Ran {
        let mut args = self.lane.args();
        "up".clone_into(&mut args[0]);
        args.extend(options.iter().map(|option| (*option).to_owned()));
        self.env.paude(&args)
    }

    fn down(&self) -> Ran {
        self.env.paude(&["down"])
    }

    /// The process that stays.
    fn pid(&self) -> u32 {
        let sessions = self.env.home().join(".local/state/paude").join(&records(&self.env)[0]);
        let session = sessions.read_dir().unwrap().next().unwrap().unwrap().path();
        let record = std::fs::read_to_string(session.join("record")).unwrap();
        let record: serde_json::Value =
            serde_json::from_str(record.lines().next().unwrap()).unwrap();
        u32::try_from(record["paude"]["pid"].as_u64().unwrap()).unwrap()
    }

    #[track_caller]
    fn nothing_left(&self) {
        assert_eq!(self.lane.containers(&self.env), "");
        assert!(records(&self.env).is_empty());
        self.env.paude(&["ps"]).code(0).prints("");
    }
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
        let list = project.env.paude(&["volumes", "list"]).code(0).stdout();
        for name in list.lines().filter_map(|line| line.split(' ').next()) {
            project.env.paude(&["volumes", "remove", name]).code(0);
        }
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
        let mut args = lane.args();
        "up".clone_into(&mut args[0]);
        let mut command = project.env.command(paude());
        command.args(args).args(["--setup", "touch begun; sleep 100"]);
        let up = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        wait_for("the setup does not start", 60, || project.env.project.join("begun").exists());
        kill("INT", up.id());
        Ran(up.wait_with_output()?).code(130);
        project.nothing_left();
        Ok(())
    },
    /// Each either runs to its end, or learns that the session has ended.
    fn many_commands_beside_a_down(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        project.up(&[]).code(0);
        let count = if lane.is_native() { 50 } else { 10 };
        let mut joined: Vec<_> =
            (0..count).map(|_| exec_command(&project.env, "echo ran").spawn().unwrap()).collect();
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
        Ok(())
    }
);
