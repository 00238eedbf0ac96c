//! What ends a run, and that nothing stays behind.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::{Env, Ran, paude, wait_for};

/// Far more than any engine needs to end a container.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Starts paude, and waits until the project holds the file `ready`.
fn start(lane: &Lane, env: &Env, args: &[&str]) -> Child {
    let child = spawn(lane, env, args);
    wait_for("the container does not start", TIMEOUT.as_secs(), || {
        env.project.join("ready").exists()
    });
    child
}

fn spawn(lane: &Lane, env: &Env, args: &[&str]) -> Child {
    let mut command = lane.command(env);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Sends a signal, and returns the exit code once paude has ended.
fn signal(child: &mut Child, name: &str) -> Option<i32> {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let sent = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if sent.elapsed() > TIMEOUT {
            child.kill().unwrap();
            panic!("{name} did not end paude");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

parameterized!(
    Test,
    fn each_signal_ends_a_command_without_handler(lane: &Lane) -> Outcome {
        for (name, code) in SIGNALS {
            let env = lane.env_with(".venv/pyvenv.cfg");
            let mut child = start(lane, &env, &["--setup", "touch ready", "--", "sleep", "100"]);
            assert_eq!(signal(&mut child, name), Some(code), "{name}");
            assert_eq!(lane.containers(&env), "");
        }
        Ok(())
    },
    fn each_signal_ends_the_setup(lane: &Lane) -> Outcome {
        for (name, code) in SIGNALS {
            let env = lane.env_with(".venv/pyvenv.cfg");
            let mut child =
                start(lane, &env, &["--setup", "touch ready; sleep 100", "--", "touch", "ran"]);
            assert_eq!(signal(&mut child, name), Some(code), "{name}");
            assert!(!env.project.join("ran").exists());
            assert_eq!(lane.containers(&env), "");
        }
        Ok(())
    },
    fn a_handler_of_the_command_runs_and_its_exit_code_counts(lane: &Lane) -> Outcome {
        let env = lane.env_with(".venv/pyvenv.cfg");
        let script = "import signal, sys, time
def end(*_):
    print('saved', flush=True)
    sys.exit(42)
signal.signal(signal.SIGTERM, end)
open('ready', 'w').close()
time.sleep(100)";
        let mut child = start(lane, &env, &["--", "python3", "-c", script]);
        assert_eq!(signal(&mut child, "TERM"), Some(42));
        assert_eq!(std::io::read_to_string(child.stdout.take().unwrap())?, "saved\n");
        Ok(())
    },
    fn a_signal_while_the_container_starts_is_not_lost(lane: &Lane) -> Outcome {
        let pauses = [0, 20, 60, 120, 200, 300].into_iter();
        for (pause, (name, ends)) in pauses.zip([("TERM", 143), ("QUIT", 131)].into_iter().cycle())
        {
            let env = lane.env_with(".venv/pyvenv.cfg");
            let mut child = spawn(lane, &env, &["--", "sleep", "100"]);
            std::thread::sleep(Duration::from_millis(pause));
            // Before paude handles signals, one ends it without an exit code.
            let code = signal(&mut child, name);
            assert!(
                code.is_none_or(|code| code == ends || code == 125),
                "after {pause} ms: {code:?}"
            );
            assert_eq!(lane.containers(&env), "", "after {pause} ms");
        }
        Ok(())
    },
    /// As with `nohup`.
    fn a_signal_that_is_ignored_at_the_start_stays_ignored(lane: &Lane) -> Outcome {
        let env = lane.env();
        let mut command = env.command("sh");
        command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(paude()).args(lane.args());
        command.args(["--", "sh", "-c", "touch ready; sleep 1; echo survived"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        wait_for("the container does not start", TIMEOUT.as_secs(), || {
            env.project.join("ready").exists()
        });
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", "HUP", &id]).status()?.success());
        Ran(child.wait_with_output()?).code(0).prints("survived\n");
        Ok(())
    }
);
