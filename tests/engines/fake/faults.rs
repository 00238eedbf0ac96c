//! Engines that cannot be started, fail, are killed, or go on too long.

use std::os::unix::fs::PermissionsExt as _;

use super::{fake, journal, one_error, reserved, subcommands};
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude, tree};
use crate::trials;

/// A podman whose container is a process of the host, in which nothing is hidden, and which is
/// removed by this script.
fn uncovered(env: &mut Env, remove: &str) {
    let script = format!(
        "echo $$ >\"$ROOT/pid\"; exec sleep 30 ;;\n  inspect) cat \"$ROOT/pid\" ;;\n  \
         exec) shift 4; exec \"$@\" ;;\n  rm) {remove}"
    );
    fake(env, "podman", &script, "exit 1");
}

trials!(
    fn an_engine_that_cannot_be_executed_is_one_error_with_a_hint() -> Outcome {
        for (engine, cannot) in
            [("podman", "cannot start `podman`"), ("docker", "daemon does not answer")]
        {
            let mut env = Env::with("README");
            let file = fake(&mut env, engine, "", "");
            env.only_fake_engines();
            env.set("DOCKER_HOST", "tcp://nowhere");
            let before = snapshot(&env.project.join("README"));
            let fails = |text: &str, mode: u32| {
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
                let ran = env.paude(&["--engine", engine, "--venv", ".venv", "--", "true"]);
                one_error(&ran.code(125).says("\nhint: "), text);
                assert!(!env.project.join(".venv").exists());
                assert_unchanged(&env.project.join("README"), &before);
                assert_eq!(journal(&env), "");
            };
            fails(&format!("error: {engine} is not installed"), 0o644);
            tree::write(&file, "#!/no/such/interpreter\n");
            fails(cannot, 0o755);
        }
        Ok(())
    },
    fn an_engine_that_fails_at_once_leaves_nothing() -> Outcome {
        for (run, code, more) in [
            ("exit 1", 1, ""),
            ("echo 'Error: no such image' >&2; exit 125", 125, "rm "),
            // The second run finds out whether the image has a shell.
            ("exit 127", 127, "run "),
            ("kill -SEGV $$", 139, "rm "),
        ] {
            let mut env = Env::with("README");
            fake(&mut env, "podman", run, "exit 0");
            let before = snapshot(&env.project.join("README"));
            let ran = reserved(&env).code(code);
            let errors = ran.stderr().to_lowercase().matches("error: ").count();
            assert_eq!(errors, usize::from(code >= 125 && code != 127), "{}", ran.stderr());
            assert_eq!(subcommands(&env), format!("run {more}"));
            assert!(!env.project.join(".venv").exists());
            assert_unchanged(&env.project.join("README"), &before);
            assert_eq!(journal(&env), "");
        }
        Ok(())
    },
    fn the_container_of_a_killed_client_is_removed() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "kill -KILL $$", "exit 0");
        one_error(&reserved(&env).code(137), "error: podman was killed by signal 9\n");
        let log = std::fs::read_to_string(env.root().join("log"))?;
        assert!(log.contains("\nrm --force --volumes --time 0 -- paude-"), "{log}");
        assert!(!env.project.join(".venv").exists());
        Ok(())
    },
    fn a_docker_daemon_that_does_not_answer_is_one_error() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "docker", "exit 0", "exit 1");
        let socket = env.root().join("docker.sock");
        env.set("DOCKER_HOST", format!("unix://{}", socket.display()));
        let before = snapshot(&env.root());
        let run = || {
            one_error(
                &env.paude(&["--engine", "docker", "--venv", ".venv", "--", "true"]).code(125),
                "docker is installed, but its daemon does not answer\nhint: start it",
            );
        };
        run();
        assert_unchanged(&env.root(), &before);
        // A daemon that accepts a connection and sends nothing.
        let listener = std::os::unix::net::UnixListener::bind(&socket)?;
        run();
        drop(listener);
        assert_eq!(subcommands(&env), "");
        Ok(())
    },
    fn a_lost_shadow_ends_the_run() -> Outcome {
        let mut env = Env::with("README");
        uncovered(&mut env, "kill \"$(cat \"$ROOT/pid\")\"; echo NAME");
        let started = std::time::Instant::now();
        let wanted = format!(
            "`{}/.venv` is no longer hidden; the container was stopped\nhint: ",
            env.project.display()
        );
        one_error(&reserved(&env).code(120), &wanted);
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
        assert!(!env.project.join(".venv").exists());
        assert_eq!(journal(&env), "");
        Ok(())
    },
    /// Its mount point stays: the container may still write there.
    fn a_lost_shadow_whose_container_cannot_be_stopped_is_reported() -> Outcome {
        let mut env = Env::with("README");
        uncovered(&mut env, "exit 1");
        let started = std::time::Instant::now();
        let ran = reserved(&env).code(120).says("remove it: podman rm --force paude-");
        one_error(&ran, "/.venv` is no longer hidden, and the container cannot be stopped\n");
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
        assert!(env.project.join(".venv").exists());
        assert!(journal(&env).contains("container"), "{}", journal(&env));
        Ok(())
    },
    /// The signal arrives after the setup has ended, while paude queries the volume.
    fn a_signal_after_the_setup_ends_the_command_too() -> Outcome {
        let options = ["--storage", "volume", "--no-cache", "--setup", "true"];
        let args = [&options[..], &["--engine", "podman", "--", "true"]].concat();
        let kill = "kill -TERM $PPID";
        let at_volumes = format!("[ ! -e \"$ROOT/ran\" ] || {kill}");
        for (at_run, others, code) in [(kill, "exit 0", Some(143)), (":", &at_volumes, None)] {
            let mut env = Env::with(".venv/pyvenv.cfg");
            // A run that only prepares a volume does not count.
            let run = format!(
                "case $* in *paude-volume*) ;; *) echo >>\"$ROOT/ran\"; {at_run} ;; esac; exit 0"
            );
            fake(&mut env, "podman", &run, others);
            assert_eq!(env.paude(&args).exit_code(), code, "{at_run}");
            assert_eq!(std::fs::read_to_string(env.root().join("ran"))?, "\n", "{at_run}");
        }
        Ok(())
    },
    fn a_process_that_a_client_leaves_behind_is_not_waited_for() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "kill -KILL $$", "sleep 30 & exit 0");
        let started = std::time::Instant::now();
        reserved(&env).code(137);
        assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
        Ok(())
    },
    /// Otherwise paude could not prove the mount in the run of another user.
    fn other_users_can_read_a_mount_point_whatever_the_umask() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "stat -c %a a a/.venv >\"$ROOT/modes\"", "exit 0");
        let mut command = env.command("sh");
        command.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(paude());
        command.args(["--quiet", "--engine", "podman", "--venv", "a/.venv", "--", "true"]);
        Ran(command.output()?).code(0);
        assert_eq!(std::fs::read_to_string(env.root().join("modes"))?, "755\n755\n");
        Ok(())
    },
    fn a_container_that_cannot_be_removed_after_a_signal_is_named() -> Outcome {
        let mut env = Env::with("README");
        let script = "[ $1 = run ] || exit 1\nkill -TERM $PPID; exec sleep 20";
        env.fake_engine("podman", script);
        let ran = reserved(&env).code(143).says("hint: remove it: podman rm --force paude-");
        one_error(&ran, "error: the container cannot be removed\n");
        Ok(())
    }
);
