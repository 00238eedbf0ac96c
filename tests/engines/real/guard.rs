//! The guard in real containers, and runs without it; see also [`crate::guard`].

use std::process::Command;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, wait_for};

const VENV: &str = ".venv/pyvenv.cfg\n.venv/bin/python";

/// An image with a single, statically linked program.
struct NoShell<'l> {
    lane: &'l Lane,
    name: String,
}

impl<'l> NoShell<'l> {
    fn new(lane: &'l Lane, env: &Env) -> Self {
        let tar = env.root().join("image.tar").display().to_string();
        let script = format!("tar -C / -cf {tar} sbin/ldconfig && chmod 644 {tar}");
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        let name = format!("localhost/paude-test-no-shell-{}:1", std::process::id());
        let output = env.command(&lane.engine).args(["import", &tar, &name]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { lane, name }
    }
}

impl Drop for NoShell<'_> {
    fn drop(&mut self) {
        let env = self.lane.env();
        let _ = env.command(&self.lane.engine).args(["rmi", "--force", &self.name]).output();
    }
}

parameterized!(
    Test,
    /// Unmounting needs a capability that a container has only if the person grants it.
    fn a_setup_that_unmounts_the_shadow_stops_the_run(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let before = snapshot(&env.project);
        let unmount = "python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True)
if c.umount2(b\".venv\", 2): raise SystemExit(\"errno %d\" % ctypes.get_errno())'";
        let command = ["--", "touch", ".venv/damage"];
        let with = |options: &[&str]| {
            let options = [options, &["--setup", unmount], &command].concat();
            lane.paude(&env, &options)
        };
        if !lane.is_native() {
            let ran = with(&["--engine-arg=--cap-add=SYS_ADMIN"]).code(120);
            let place = env.project.join(".venv").display().to_string();
            // The monitor may see it before the guard does.
            let said = ran.stderr();
            assert!(
                said.contains(&format!(
                    "guard: `{place}` is not hidden: nothing is mounted over it"
                )) || said.contains(&format!("`{place}` is no longer hidden")),
                "{said}"
            );
        }
        // Without the capability, the setup fails.
        with(&[]).code(1).says("errno 1");
        assert_unchanged(&env.project, &before);
        Ok(())
    },
    /// It creates files on the host, where the monitor may be too late to see that.
    fn a_command_that_renames_what_holds_a_shadow_and_ends_is_noticed(lane: &Lane) -> Outcome {
        let env = lane.env_with("part/.venv/pyvenv.cfg\npart/.venv/bin/python");
        let before = snapshot(&env.project.join("part/.venv"));
        let script = "mv part away; mkdir -p part/.venv; touch part/.venv/made";
        let said = lane.sh(&env, &["--quiet"], script).code(120).stderr();
        let place = env.project.join("part/.venv").display().to_string();
        assert!(said.contains(&format!("`{place}` is no")), "{said}");
        assert_unchanged(&env.project.join("away/.venv"), &before);
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn an_image_without_a_shell_is_an_error_unless_no_guard_is_given(lane: &Lane) -> Outcome {
        let env = lane.env_with(VENV);
        let before = snapshot(&env.project);
        if lane.is_native() {
            lane.paude(&env, &["--no-guard", "--", "true"])
                .code(2)
                .says("the native engine has no image");
            return Ok(());
        }
        let image = NoShell::new(lane, &env);
        let command = ["--image", &image.name, "--", "/sbin/ldconfig", "--version"];
        let ran = lane.paude(&env, &command).code(125);
        let wanted =
            format!("error: the image `{}` has no /bin/sh, which paude needs to prove", image.name);
        assert_eq!(ran.says(&wanted).stderr().matches("error: ").count(), 1);
        let ran = lane.paude(&env, &[&["--no-guard"], &command[..]].concat()).code(0);
        assert!(ran.stdout().starts_with("ldconfig "), "{}", ran.stdout());
        ran.says(
            "warning: nothing proves in the container that environments are hidden (--no-guard)\n",
        );
        // A missing command is a different error.
        lane.paude(&env, &["--", "no-such-program"]).code(127).says("not found");
        let no_guard = ["--no-guard", "--setup", "true", "--", "true"];
        lane.paude(&env, &no_guard).code(2).says("a setup needs a shell");
        assert_unchanged(&env.project, &before);
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn a_signal_ends_a_container_without_a_guard(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let env = lane.env_with(VENV);
        let mut command = lane.command(&env);
        command.args(["--quiet", "--no-guard", "--"]);
        command.args(["python3", "-c", "import time; open('ready', 'w'); time.sleep(60)"]);
        let mut child = command.stdin(std::process::Stdio::null()).spawn()?;
        let started = std::time::Instant::now();
        wait_for("the container does not start", 30, || env.project.join("ready").exists());
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status()?.success());
        let code = child.wait()?.code();
        assert!(matches!(code, Some(137 | 143)), "{code:?}");
        assert!(started.elapsed().as_secs() < 50);
        assert_eq!(lane.containers(&env), "");
        Ok(())
    }
);
