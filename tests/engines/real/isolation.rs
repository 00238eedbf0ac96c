//! Host and container each keep a working environment for the same sources.

use std::io::Write as _;
use std::process::Stdio;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, changes, snapshot};
use crate::support::{Env, Outcome, Ran};

const PIP: &str =
    ".venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links wheels";

/// A test suite for pytest to run, in the host and in the container.
const SUITE: (&str, &str) =
    ("test_it.py", "import markupsafe._speedups\ndef test_it():\n    assert True\n");

/// A project for uv, which resolves its dependencies without a network.
pub(super) const UV_PROJECT: &str = "[project]\nname = \"sample\"\nversion = \"1\"\n\
    requires-python = \">=3.9\"\ndependencies = [\"markupsafe\"]\n\n\
    [tool.uv]\nno-index = true\nfind-links = [\"wheels\"]\n";

fn project(lane: &Lane) -> Env {
    let env = lane.env();
    env.write(SUITE.0, SUITE.1);
    env.write("requirements.txt", "pytest\nmarkupsafe\n");
    lane.copy_wheels(&env);
    lane.give(&env.project);
    lane.host_venv(&env, ".venv");
    env
}

fn keeps_both_environments_with(lane: &Lane, setup: &str) -> Outcome {
    let env = project(lane);
    env.write("paude.json", &serde_json::json!({ "setup": setup }).to_string());
    let before = snapshot(&env.project.join(".venv"));
    let script = "test \"$VIRTUAL_ENV\" = \"$PWD/.venv\"; python -m pytest -q -p no:cacheprovider";
    let ran = lane.sh(&env, &[], script).code(0);
    assert!(ran.stdout().contains("1 passed"), "{}", ran.stdout());
    assert_unchanged(&env.project.join(".venv"), &before);
    lane.host_venv_works(&env, ".venv");
    Ok(())
}

parameterized!(
    Test,
    fn both_environments_work_and_the_hosts_is_unchanged(lane: &Lane) -> Outcome {
        let env = project(lane);
        let before = snapshot(&env.project.join(".venv"));
        lane.sh(&env, &[], "ls -A .venv; ls test_it.py").code(0).prints("test_it.py\n");
        let script = format!(
            "python3 -m venv .venv
            {PIP} pytest markupsafe
            .venv/bin/python -c 'import markupsafe._speedups'
            .venv/bin/pytest -q -p no:cacheprovider
            pytest --version
            .venv/bin/python -c 'import sys; print(sys.prefix)'"
        );
        let ran = lane.sh(&env, &[], &script).code(0);
        let (out, prefix) = (ran.stdout(), format!("{}/.venv\n", env.project.display()));
        assert!(out.contains("1 passed") && out.ends_with(&prefix), "{out}");
        assert_unchanged(&env.project.join(".venv"), &before);
        lane.host_venv_works(&env, ".venv");
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    /// `paude` without a command opens a shell, which reads a pipe here; `terminal` has a person.
    fn option_1_an_environment_made_by_hand_in_a_shell(lane: &Lane) -> Outcome {
        let env = project(lane);
        let before = snapshot(&env.project.join(".venv"));
        let mut shell = lane.command(&env);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut shell = shell.spawn()?;
        let typed = format!(
            "python3 -m venv .venv\n{PIP} -r requirements.txt\n\
             .venv/bin/python -m pytest -q -p no:cacheprovider\nexit 7\n"
        );
        shell.stdin.take().unwrap().write_all(typed.as_bytes())?;
        let ran = Ran(shell.wait_with_output()?).code(7);
        assert!(ran.stdout().contains("1 passed"), "{}", ran.stdout());
        assert_unchanged(&env.project.join(".venv"), &before);
        lane.host_venv_works(&env, ".venv");
        Ok(())
    },
    fn option_2_an_environment_made_by_a_setup_with_venv_and_pip(lane: &Lane) -> Outcome {
        let setup = format!("python3 -m venv .venv && {PIP} -r requirements.txt");
        keeps_both_environments_with(lane, &setup)
    },
    fn option_3_an_environment_made_by_a_setup_with_uv(lane: &Lane) -> Outcome {
        let install = "uv pip install --offline --no-index --find-links wheels -r requirements.txt";
        keeps_both_environments_with(lane, &format!("uv venv && {install}"))
    },
    fn uv_sync_leaves_the_hosts_environment_unchanged(lane: &Lane) -> Outcome {
        let env = project(lane);
        env.write("pyproject.toml", UV_PROJECT);
        let before = snapshot(&env.project.join(".venv"));
        let script = "uv sync --offline; .venv/bin/python -c 'import markupsafe._speedups'";
        lane.sh(&env, &[], script).code(0);
        assert!(env.project.join("uv.lock").exists(), "sources and lock file are shared");
        assert_unchanged(&env.project.join(".venv"), &before);
        lane.host_venv_works(&env, ".venv");
        Ok(())
    },
    /// The hazard that paude exists for is real.
    fn uv_sync_without_a_shadow_damages_the_hosts_environment(lane: &Lane) -> Outcome {
        let env = project(lane);
        env.write("pyproject.toml", UV_PROJECT);
        let before = snapshot(&env.project.join(".venv"));
        let ran = lane.sh(&env, &["--venv", "none"], "uv sync --offline").code(0);
        assert!(ran.stderr().contains(".venv"), "no warning: {}", ran.stderr());
        assert!(!changes(&env.project.join(".venv"), &before).is_empty());
        let script = env.project.join(".venv/bin/pytest");
        assert!(!script.exists(), "the host's console script is still there");
        Ok(())
    }
);
