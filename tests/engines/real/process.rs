//! Setup, command, environment, exit codes, stdin.

use std::io::Write as _;
use std::process::Stdio;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::Ran;

const VENV: &str = ".venv/pyvenv.cfg: \"home = /usr/bin\\nversion = 3.11.2\\n\"";

/// `paude` with this input on stdin.
fn piped(lane: &Lane, env: &crate::support::Env, args: &[&str], input: &str) -> Ran {
    let mut child = lane.command(env);
    child.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Ran(child.wait_with_output().unwrap())
}

parameterized!(
    Test,
    fn exit_codes_pass_through(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let cases: [(&[&str], i32); 6] = [
            (&["true"], 0),
            (&["sh", "-c", "exit 37"], 37),
            (&["no-such-program"], 127),
            (&["/etc/passwd"], 126),
            (&["sh", "-c", "kill -TERM $$"], 143),
            (&["sh", "-c", "kill -KILL $$"], 137),
        ];
        for (command, code) in cases {
            let args: Vec<_> = [&["--"], command].concat();
            lane.paude(&env, &args).code(code);
        }
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn arguments_arrive_byte_for_byte(lane: &Lane) -> Outcome {
        let env = lane.env();
        let args = [
            "--", "printf", "%s|", "a b", "", "$(id)", "`id`", "\"", "'", "\\", "-n", "*",
            "a,b:c=d", "x\ny", "x\r\ny", "ü",
        ];
        lane.paude(&env, &args)
            .code(0)
            .prints("a b||$(id)|`id`|\"|'|\\|-n|*|a,b:c=d|x\ny|x\r\ny|ü|");
        Ok(())
    },
    fn setup_and_command_share_one_container(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let args = ["--setup", "echo made >.venv/by-setup", "--", "cat", ".venv/by-setup"];
        lane.paude(&env, &args).code(0).prints("made\n");
        assert!(!env.project.join(".venv/by-setup").exists());
        let args = ["--setup", "exit 9", "--no-setup"];
        lane.paude(&env, &args).code(2).says("cannot be used with");
        Ok(())
    },
    fn a_failed_setup_returns_its_code_and_runs_no_command(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        lane.paude(&env, &["--setup", "exit 9", "--", "touch", "ran"])
            .code(9)
            .says("setup ended with code 9");
        assert!(!env.project.join("ran").exists());
        Ok(())
    },
    fn a_failed_setup_opens_no_shell_for_a_pipe(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        // At a terminal it opens one: see `terminal`.
        piped(lane, &env, &["--setup", "exit 9"], "exit 4\n")
            .code(9)
            .says("setup ended with code 9");
        Ok(())
    },
    fn stdin_is_for_the_command_only(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        piped(lane, &env, &["--setup", "cat >read-by-setup", "--", "cat"], "to the command\n")
            .code(0)
            .prints("to the command\n");
        assert_eq!(std::fs::read_to_string(env.project.join("read-by-setup"))?, "");
        Ok(())
    },
    fn stdout_is_from_the_command_only(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let ran = lane.paude(
            &env,
            &["--verbose", "--setup", "echo from setup", "--", "echo", "from command"],
        );
        ran.code(0).prints("from command\n").says("from setup");
        let quiet = lane.paude(&env, &["--quiet", "--", "true"]).code(0);
        assert_eq!(quiet.stderr(), "");
        Ok(())
    },
    fn the_environment_is_first_on_path_and_virtual_env_is_set_once_it_exists(
        lane: &Lane,
    ) -> Outcome {
        let env = lane.env_with(VENV);
        let script = "echo ${PATH%%:*} ${VIRTUAL_ENV-unset} $UV_LINK_MODE $PWD $A $B";
        let dir = env.project.display().to_string();
        let options = ["-e", "A=1", "-e", "B=2 3"];
        lane.sh(&env, &options, script)
            .code(0)
            .prints(&format!("{dir}/.venv/bin unset copy {dir} 1 2 3\n"));
        let setup = [
            "--setup",
            "mkdir -p .venv/bin; cp /bin/true .venv/bin/python",
            "-e",
            "UV_LINK_MODE=symlink",
        ];
        lane.sh(&env, &setup, script)
            .code(0)
            .prints(&format!("{dir}/.venv/bin {dir}/.venv symlink {dir}\n"));
        Ok(())
    },
    fn an_entrypoint_of_the_image_does_not_swallow_the_command(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let image = [
            "--image",
            lane.fact("image_entrypoint"),
            "--setup",
            "echo setup",
            "--",
            "echo",
            "command",
        ];
        lane.paude(&env, &image).code(0).prints("command\n").says("setup");
        Ok(())
    },
    /// Also names that the script in the container uses itself.
    fn variables_of_any_name_arrive_as_they_are(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let names = ["environment", "setup", "kind", "count", "n", "path", "point", "type", "code"];
        let mut args: Vec<_> = names.iter().map(|name| format!("--env={name}=its own")).collect();
        let show = names.map(|name| format!("${{{name}}}|")).concat();
        args.extend(["--setup", "true", "--", "sh", "-c"].map(str::to_owned));
        args.push(format!("printf '%s' \"{show}\""));
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        lane.paude(&env, &args).code(0).prints(&"its own|".repeat(names.len()));
        Ok(())
    }
);
