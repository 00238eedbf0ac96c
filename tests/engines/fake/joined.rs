//! `paude exec` with engines that log their arguments, or say in their own words that a container
//! is gone.

use crate::support::{Env, paude, wait_for};
use crate::trials;

/// Runs a session in which `paude exec -- a 'b c'` is started, and returns its exit code and
/// messages. The fake engine does `exec` for a joined command.
fn joined(env: &mut Env, engine: &str, exec: &str) -> (String, String) {
    let run = format!(
        "{} exec -- a 'b c' 2>\"$ROOT/said\" </dev/null; echo $? >\"$ROOT/code\"",
        paude().display()
    );
    // The first process has the number 1, which is not one of a container here.
    let others = format!(
        "case \"$1 $2\" in inspect*) exec echo 1 ;; \
         'exec --interactive') printf '%s\\0' \"$@\" >\"$ROOT/arguments\"; {exec} ;; esac; exit 1"
    );
    let script = format!("case $1 in run) {run} ;; *) {others} ;; esac");
    env.fake_engine(engine, &script);
    let ran = env.paude(&["--quiet", "--engine", engine, "--venv", ".venv", "--", "true"]);
    let _ = ran.exit_code();
    let read = |name: &str| std::fs::read_to_string(env.root().join(name)).unwrap_or_default();
    wait_for("no exit code", 60, || read("code").ends_with('\n'));
    (read("code").trim().to_owned(), read("said"))
}

trials!(
    fn the_client_gets_the_world_and_then_the_command() -> Outcome {
        let mut env = Env::new();
        let (code, said) = joined(&mut env, "podman", "exit 0");
        assert_eq!((code.as_str(), said.as_str()), ("0", ""));
        let arguments = std::fs::read_to_string(env.root().join("arguments"))?;
        let arguments: Vec<_> = arguments.split_terminator('\0').collect();
        let project = env.project.display().to_string();
        let venv = format!("{project}/.venv");
        assert_eq!(arguments[..5], ["exec", "--interactive", "--workdir", &project, "--env"]);
        assert!(arguments[5].starts_with("PAUDE_EXEC="), "{}", arguments[5]);
        assert!(arguments[6].starts_with("paude-"), "{}", arguments[6]);
        assert_eq!(arguments[7..9], ["/bin/sh", "-c"]);
        assert_eq!(arguments[10..], ["paude", &venv, "", "1", &venv, &venv, "a", "b c"]);
        Ok(())
    },
    /// What an engine answers depends on how far the end of the container is.
    fn however_an_engine_says_that_the_container_is_gone_it_is_one_code() -> Outcome {
        for (code, message) in [
            (125, "no container with ID 1 found in database: no such container"),
            (255, "can only create exec sessions on running containers: container state improper"),
            (126, "OCI runtime exec failed"),
            (1, "Error response from daemon: No such container"),
            (137, ""),
        ] {
            let mut env = Env::new();
            let (ended, said) =
                joined(&mut env, "podman", &format!("echo '{message}' >&2; exit {code}"));
            assert_eq!(ended, "121", "{code}: {said}");
            assert!(
                said.contains("error: the session `paude-") && said.contains("has ended"),
                "{said}"
            );
        }
        Ok(())
    }
);
