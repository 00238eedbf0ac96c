//! `paude verify` names the step that failed and why, shown with an engine that is a shell script
//! and hides nothing; see also `engines::real::verify`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;

use serde_json::Value;

use crate::support::Env;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::trials;

/// A project whose podman does this on `podman run`.
fn project(podman: &str) -> Env {
    let mut env = Env::with(".venv/pyvenv.cfg: \"home = /usr/bin\\n\"\n.venv/bin/pip");
    std::os::unix::fs::symlink("/bin/true", env.project.join(".venv/bin/python")).unwrap();
    env.fake_podman_run(podman);
    env
}

const VERIFY: [&str; 3] = ["verify", "--engine", "podman"];

trials!(
    fn a_missing_shadow_fails_the_step_that_looks_for_it() -> Outcome {
        let env = project("while [ \"$1\" != -c ]; do shift; done; exec /bin/sh \"$@\"");
        let before = snapshot(&env.project);
        let said = env.paude(&VERIFY).code(1).stdout();
        let place = env.project.join(".venv").display().to_string();
        let wanted = format!(
            "{} with podman, docker.io/library/python:3-slim
✓ the environment of the host works: `.venv`, 
✗ the container sees it empty: failed: paude: guard: `{place}` is not hidden: nothing is mounted over it; nothing was run
– a new one can be created in the container: skipped: the previous step failed
– the new one works: skipped: the previous step failed
✓ the container has ended
✓ the environment of the host still works: `.venv`, 
✓ the environment of the host is untouched: `.venv`: 5 entries as before
",
            env.project.display()
        );
        assert_eq!(said, wanted);
        assert_unchanged(&env.project, &before);
        Ok(())
    },
    fn damage_to_the_hosts_environment_fails_the_steps_after_the_run() -> Outcome {
        let env = project("rm .venv/bin/python; echo >>.venv/bin/pip; exit 0");
        let said = env.paude(&VERIFY).code(1).stdout();
        assert!(said.contains("✓ the environment of the host works"), "{said}");
        assert!(said.contains("✗ the environment of the host still works: failed: `.venv`: "));
        let untouched = "✗ the environment of the host is untouched: failed: `.venv`: \
                         3 of its entries changed, the first is `bin`\n";
        assert!(said.ends_with(untouched), "{said}");
        let json = env.paude(&[&VERIFY[..], &["--format", "json"]].concat()).code(1).stdout();
        let document: Value = serde_json::from_str(&json)?;
        assert_eq!(document["passed"], false);
        assert_eq!(document["environments"][0]["changes"][0]["path"], "bin/pip");
        Ok(())
    },
    fn unread_entries_are_counted_beside_the_untouched_ones() -> Outcome {
        let mut env = project("exit 1");
        env.leave_root();
        let closed = env.project.join(".venv/bin/pip");
        std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o000))?;
        let said = env.paude(&VERIFY).code(1).stdout();
        assert!(said.ends_with("`.venv`: 5 entries as before, 1 of them unread\n"), "{said}");
        Ok(())
    },
    fn output_of_the_container_cannot_forge_a_line() -> Outcome {
        let env = project("printf 'paude-verify empty no\\n\\033[2J\\r✓ all is well\\n'; exit 1");
        let said = env.paude(&VERIFY).code(1).stdout();
        assert!(said.contains("✗ the container sees it empty: failed: \\u{1b}[2J"), "{said}");
        assert_eq!(said.lines().filter(|line| line.starts_with('✓')).count(), 4, "{said}");
        Ok(())
    },
    fn a_path_that_json_cannot_represent_is_an_error_before_anything_runs() -> Outcome {
        let mut env = project("touch ran");
        let place = env.root().join(OsStr::from_bytes(b"pro\xffject"));
        std::fs::rename(&env.project, &place)?;
        env.project = place;
        for engine in ["podman", "native"] {
            let args = ["verify", "--engine", engine, "--format", "json"];
            env.paude(&args)
                .code(125)
                .prints("")
                .says("is not UTF-8 and cannot be represented in JSON");
        }
        assert!(!env.project.join("ran").exists());
        Ok(())
    },
    fn a_conda_prefix_without_python_is_skipped() -> Outcome {
        let env = project("exit 1");
        std::fs::remove_dir_all(env.project.join(".venv"))?;
        std::fs::create_dir_all(env.project.join("env/conda-meta"))?;
        let said = env.paude(&VERIFY).code(1).stdout();
        assert!(
            said.contains("– the environment of the host works: skipped: there is none\n"),
            "{said}"
        );
        Ok(())
    },
    /// A signal while the container runs, and one while the host's environment is checked again.
    fn a_signal_ends_it_and_fails_no_step() -> Outcome {
        let env = project("kill -TERM $PPID; exec sleep 5");
        env.paude(&VERIFY)
            .code(143)
            .prints("")
            .says("error: ended by SIGTERM; nothing was verified\n");
        let env = project("exit 0");
        let python = env.project.join(".venv/bin/python");
        std::fs::remove_file(&python)?;
        let script = "#!/bin/sh\n[ ! -e \"$0.once\" ] || kill -TERM $PPID\n: >\"$0.once\"\n";
        env.install(&python, script);
        let ran = env.paude(&VERIFY).prints("");
        assert_eq!(ran.0.status.signal(), Some(15), "{}", ran.stderr());
        Ok(())
    },
    fn an_environment_that_is_not_hidden_is_reported() -> Outcome {
        let env = project("exit 1");
        env.paude(&[&VERIFY[..], &["--venv", "other"]].concat())
            .code(1)
            .says("warning: `.venv`: an environment of the host is not hidden: the list does not");
        Ok(())
    },
    fn an_engine_that_is_missing_is_an_error() -> Outcome {
        let mut env = project("");
        env.set("PATH", env.home().display().to_string());
        env.paude(&VERIFY).code(125).says("error: podman is not installed").prints("");
        Ok(())
    },
    fn a_project_without_environments_is_an_error() -> Outcome {
        let env = Env::with("README");
        env.paude(&["verify"]).code(125).says(
            "error: there is nothing to verify: no environment of this project is hidden\nhint: ",
        );
        Ok(())
    }
);
