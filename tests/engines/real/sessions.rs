//! `paude exec`: a command in the container of a session.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude, wait_for};

/// The environment that is hidden.
pub(super) const VENV: &str = ".venv/pyvenv.cfg: \"home = /usr/bin\\n\"\n.venv/host";

/// Starts a session, and waits until its command runs. It ends when the project has `end`.
fn session(lane: &Lane, env: &Env, options: &[&str]) -> Child {
    let mut command = lane.command(env);
    command.arg("--quiet").args(options).args(["--", "/bin/sh", "-c"]);
    command.arg("echo own >.venv/own; touch ready; while ! [ -e end ]; do sleep 0.1; done");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for("the session does not start", 60, || env.project.join("ready").exists());
    child
}

fn end(env: &Env, child: Child) -> Ran {
    env.write("end", "");
    Ran(child.wait_with_output().unwrap())
}

/// `paude exec` of a shell script.
pub(super) fn exec(env: &Env, script: &str) -> Ran {
    env.paude(&["exec", "--", "/bin/sh", "-c", script])
}

/// The same, for a test to start.
pub(super) fn exec_command(env: &Env, script: &str) -> Command {
    let mut command = env.command(paude());
    command.args(["exec", "--", "/bin/sh", "-c", script]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What is left of sessions in the state directory.
pub(super) fn records(env: &Env) -> Vec<String> {
    let entries = env.home().join(".local/state/paude").read_dir().into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sessions")).collect()
}

pub(super) fn kill(name: &str, pid: u32) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

/// The processes that have this word among their arguments, whoever runs them.
pub(super) fn processes(word: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let text = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        text.split(|&byte| byte == 0).any(|argument| argument == word.as_bytes())
    })
    .collect()
}

/// A number of seconds that no other test sleeps for.
pub(super) fn seconds(env: &Env, number: u32) -> String {
    let digits: String = env.root().display().to_string().bytes().map(|b| b.to_string()).collect();
    format!("{number}{}", &digits[digits.len() - 5..])
}

parameterized!(
    Test,
    fn a_joined_command_has_the_world_of_the_session(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let before = snapshot(&env.project.join(".venv"));
        let hidden = ["--venv", "auto", "--venv", "node_modules"];
        let child = session(lane, &env, &[&["-e", "OWN=a b"], &hidden[..]].concat());
        let path = "(IFS=:; set -- $PATH; echo \"$1 $2\")";
        exec(&env, &format!("cat .venv/own; echo joined >.venv/joined; pwd; id -u; echo $OWN; {path}; echo $UV_LINK_MODE; exit 7"))
            .code(7)
            .prints(&format!(
                "own\n{0}\n{1}\na b\n{0}/.venv/bin {0}/node_modules/.bin\ncopy\n",
                env.project.display(),
                // The container's user is root, or has the person's id.
                exec(&env, "id -u").code(0).stdout().trim()
            ));
        exec(&env, "ls -A .venv; cat .venv/joined").code(0).prints("joined\nown\njoined\n");
        // A program that is there makes it the active environment.
        exec(&env, "mkdir .venv/bin; cp /bin/sh .venv/bin/python; echo \"[$VIRTUAL_ENV]\"")
            .code(0)
            .prints("[]\n");
        let venv = format!("{}/.venv\n", env.project.display());
        exec(&env, "command -v python; echo $VIRTUAL_ENV")
            .code(0)
            .prints(&format!("{}/.venv/bin/python\n{venv}", env.project.display()));
        env.paude(&["exec", "--", "no-such-program"]).code(127);
        assert_eq!(end(&env, child).code(0).stderr(), "");
        assert_unchanged(&env.project.join(".venv"), &before);
        assert!(records(&env).is_empty());
        Ok(())
    },
    /// As for a user whom the image, or this machine, does not know.
    fn python_knows_a_name_in_a_joined_command_too(lane: &Lane) -> Outcome {
        let mut env = lane.env_with(VENV);
        let options = match &*lane.name {
            "native" => {
                let status =
                    Command::new("chown").args(["-hR", "4321:4321"]).arg(env.root()).status();
                assert!(status?.success());
                env.user = Some((4321, 4321));
                &[][..]
            }
            "podman" | "podman-remote" | "docker" => {
                std::fs::set_permissions(&env.project, Permissions::from_mode(0o777))?;
                &["--user", "4321:4321"]
            }
            // Their users are known.
            _ => return Ok(()),
        };
        let child = session(lane, &env, options);
        let script = "id -u; python3 -c 'import getpass; print(bool(getpass.getuser()))'";
        exec(&env, script).code(0).prints("4321\nTrue\n");
        end(&env, child).code(0);
        Ok(())
    },
    fn stdin_and_both_outputs_pass_through(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let child = session(lane, &env, &[]);
        let mut command = exec_command(&env, "cat; echo err >&2");
        let mut joined = command.stdin(Stdio::piped()).spawn()?;
        std::io::Write::write_all(&mut joined.stdin.take().unwrap(), b"text")?;
        let ran = Ran(joined.wait_with_output()?).code(0).prints("text");
        assert_eq!(ran.stderr(), "err\n");
        end(&env, child).code(0);
        Ok(())
    },
    fn without_a_session_it_says_how_to_start_one(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        exec(&env, ":").code(2).says("no session runs on").says("`paude up` starts one");
        let child = session(lane, &env, &[]);
        env.paude(&["exec", "--session", "paude-0", "--", "true"])
            .code(2)
            .says("no session `paude-0`");
        let list = env.paude(&["ps"]).code(0).stdout();
        let words: Vec<_> = list.split_whitespace().collect();
        assert_eq!(words[1], lane.engine, "{list}");
        assert!(list.contains("prepared") && list.contains(".venv"), "{list}");
        env.paude(&["exec", "--session", words[0], "--", "true"]).code(0);
        let json: serde_json::Value =
            serde_json::from_str(&env.paude(&["ps", "--format", "json"]).code(0).stdout())?;
        assert_eq!(json["sessions"][0]["name"], words[0]);
        // Another project has no part in it.
        let other = Env::new();
        other.paude(&["ps"]).code(0).prints("");
        end(&env, child).code(0);
        env.paude(&["ps"]).code(0).prints("");
        Ok(())
    },
    fn what_a_joined_command_started_ends_with_it(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let child = session(lane, &env, &[]);
        let long = seconds(&env, 1);
        exec(&env, &format!("sleep {long} & setsid sleep {long} & exit 3")).code(3);
        wait_for("something goes on", 30, || processes(&long).is_empty());
        // The session itself goes on.
        exec(&env, "cat .venv/own").code(0).prints("own\n");
        end(&env, child).code(0);
        Ok(())
    },
    fn a_signal_ends_the_joined_command_alone(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let child = session(lane, &env, &[]);
        for (name, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
            let _ = std::fs::remove_file(env.project.join("joined"));
            let joined = exec_command(&env, "touch joined; exec sleep 100").spawn()?;
            wait_for("the command does not start", 60, || env.project.join("joined").exists());
            kill(name, joined.id());
            Ran(joined.wait_with_output()?).code(code);
        }
        // One that handles it gives its own code.
        let _ = std::fs::remove_file(env.project.join("joined"));
        let script = "trap 'exit 9' TERM; touch joined; while :; do sleep 0.1; done";
        let joined = exec_command(&env, script).spawn()?;
        wait_for("the command does not start", 60, || env.project.join("joined").exists());
        kill("TERM", joined.id());
        Ran(joined.wait_with_output()?).code(9);
        exec(&env, "cat .venv/own").code(0).prints("own\n");
        end(&env, child).code(0);
        Ok(())
    },
    fn a_killed_exec_leaves_nothing_in_the_session(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let child = session(lane, &env, &[]);
        let long = seconds(&env, 2);
        let script = format!("touch joined; setsid sleep {long} & sleep {long}");
        // paude itself, and then what it started.
        for part in 0..2 {
            let _ = std::fs::remove_file(env.project.join("joined"));
            let mut joined = exec_command(&env, &script).spawn()?;
            let started = || env.project.join("joined").exists() && processes(&long).len() == 2;
            wait_for("the command does not start", 60, started);
            match part {
                0 => joined.kill()?,
                _ => kill("KILL", child_of(joined.id())),
            }
            joined.wait()?;
            wait_for("something goes on", 60, || processes(&long).is_empty());
            exec(&env, "cat .venv/own").code(0).prints("own\n");
        }
        end(&env, child).code(0);
        assert!(records(&env).is_empty());
        Ok(())
    },
    fn the_end_of_the_session_ends_joined_commands(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let child = session(lane, &env, &[]);
        let joined = exec_command(&env, "touch joined; exec sleep 100").spawn()?;
        wait_for("the command does not start", 60, || env.project.join("joined").exists());
        end(&env, child).code(0);
        Ran(joined.wait_with_output()?).code(121).says("has ended");
        assert_eq!(lane.containers(&env), "");
        assert!(records(&env).is_empty());
        Ok(())
    },
    fn a_lost_shadow_ends_both(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/pyvenv.cfg");
        let child = session(lane, &env, &["--venv", ".venv"]);
        let joined = exec_command(&env, "touch joined; exec sleep 100").spawn()?;
        wait_for("the command does not start", 60, || env.project.join("joined").exists());
        // Joined and known: the session has to be seen by its watch first.
        std::fs::remove_dir(env.project.join(".venv"))?;
        std::fs::create_dir(env.project.join(".venv"))?;
        lane.give(&env.project.join(".venv"));
        Ran(joined.wait_with_output()?).code(120).says("`").says("is no longer hidden");
        Ran(child.wait_with_output()?).code(120);
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn twenty_commands_at_once_join(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let child = session(lane, &env, &[]);
        let count = if lane.is_native() { 20 } else { 6 };
        let joined: Vec<_> = (0..count)
            .map(|number| {
                exec_command(&env, &format!("cat .venv/own; exit {number}")).spawn().unwrap()
            })
            .collect();
        for (number, joined) in joined.into_iter().enumerate() {
            Ran(joined.wait_with_output()?).code(i32::try_from(number)?).prints("own\n");
        }
        end(&env, child).code(0);
        Ok(())
    },
    fn a_killed_session_is_not_believed_and_leaves_no_record(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let before = snapshot(&env.project.join(".venv"));
        let mut child = session(lane, &env, &[]);
        child.kill()?;
        child.wait()?;
        assert_eq!(records(&env).len(), 1);
        env.paude(&["ps"]).code(0).prints("");
        exec(&env, ":").code(2).says("no session runs on");
        lane.paude(&env, &["--quiet", "--", "true"]).code(0);
        assert_eq!(lane.containers(&env), "");
        assert!(records(&env).is_empty());
        assert_unchanged(&env.project.join(".venv"), &before);
        Ok(())
    }
);

/// The first child of a process: of paude the engine's client, or the native engine's helper.
pub(super) fn child_of(pid: u32) -> u32 {
    let children = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(children).unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}
