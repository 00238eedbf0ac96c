//! Host and container each keep a working environment for the same sources.

use super::lane::Lane;
use super::{Test, on_each_lane};
use crate::support::Outcome;
use crate::support::snapshot::{assert_unchanged, changes, snapshot};

pub(super) const TESTS: [(&str, Test); 6] = on_each_lane![
    verification_checklist,
    option_1_by_hand_in_a_shell,
    option_2_setup_with_venv_and_pip,
    option_3_setup_with_uv,
    uv_sync_keeps_off_the_hosts_environment,
    uv_sync_without_paude_damages_it,
];

const PIP: &str =
    ".venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links wheels";

/// A test suite for pytest to run, in the host and in the container.
const SUITE: (&str, &str) =
    ("test_it.py", "import markupsafe._speedups\ndef test_it():\n    assert True\n");

fn project(lane: &Lane) -> crate::support::Env {
    let env = lane.env();
    env.write(SUITE.0, SUITE.1);
    env.write("requirements.txt", "pytest\nmarkupsafe\n");
    lane.copy_wheels(&env);
    lane.give(&env.project);
    lane.host_venv(&env, ".venv");
    env
}

/// The six lines of the user's own list.
fn verification_checklist(lane: &Lane) -> Outcome {
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
    assert!(ran.stdout().contains("1 passed"), "{}", ran.stdout());
    assert!(
        ran.stdout().ends_with(&format!("{}/.venv\n", env.project.display())),
        "{}",
        ran.stdout()
    );
    assert_unchanged(&env.project.join(".venv"), &before);
    lane.host_venv_works(&env, ".venv");
    assert_eq!(lane.containers(&env), "");
    Ok(())
}

/// `paude` alone opens a shell; here its input is a pipe, in `terminal` a person's.
fn option_1_by_hand_in_a_shell(lane: &Lane) -> Outcome {
    use std::io::Write as _;
    use std::process::Stdio;
    let env = project(lane);
    let before = snapshot(&env.project.join(".venv"));
    let mut shell = env.command(crate::support::paude());
    shell.args(lane.args()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.spawn()?;
    let typed = format!(
        "python3 -m venv .venv\n{PIP} -r requirements.txt\n.venv/bin/python -m pytest -q -p no:cacheprovider\nexit 7\n"
    );
    shell.stdin.take().unwrap().write_all(typed.as_bytes())?;
    let ran = crate::support::Ran(shell.wait_with_output()?).code(7);
    assert!(ran.stdout().contains("1 passed"), "{}", ran.stdout());
    assert_unchanged(&env.project.join(".venv"), &before);
    lane.host_venv_works(&env, ".venv");
    Ok(())
}

fn with_setup(lane: &Lane, setup: &str) -> Outcome {
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

fn option_2_setup_with_venv_and_pip(lane: &Lane) -> Outcome {
    with_setup(lane, &format!("python3 -m venv .venv && {PIP} -r requirements.txt"))
}

fn option_3_setup_with_uv(lane: &Lane) -> Outcome {
    with_setup(
        lane,
        "uv venv && uv pip install --offline --no-index --find-links wheels -r requirements.txt",
    )
}

const UV_PROJECT: &str = "[project]\nname = \"sample\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n\
    dependencies = [\"markupsafe\"]\n\n[tool.uv]\nno-index = true\nfind-links = [\"wheels\"]\n";

fn uv_sync_keeps_off_the_hosts_environment(lane: &Lane) -> Outcome {
    let env = project(lane);
    env.write("pyproject.toml", UV_PROJECT);
    let before = snapshot(&env.project.join(".venv"));
    lane.sh(&env, &[], "uv sync --offline; .venv/bin/python -c 'import markupsafe._speedups'")
        .code(0);
    assert!(
        env.project.join("uv.lock").exists(),
        "sources are shared, so the lock file is the host's too"
    );
    assert_unchanged(&env.project.join(".venv"), &before);
    lane.host_venv_works(&env, ".venv");
    Ok(())
}

/// The hazard is real: this is why paude exists.
fn uv_sync_without_paude_damages_it(lane: &Lane) -> Outcome {
    let env = project(lane);
    env.write("pyproject.toml", UV_PROJECT);
    let before = snapshot(&env.project.join(".venv"));
    let ran = lane.sh(&env, &["--venv", "none"], "uv sync --offline").code(0);
    assert!(ran.stderr().contains(".venv"), "a note says what is not hidden: {}", ran.stderr());
    assert!(!changes(&env.project.join(".venv"), &before).is_empty());
    assert!(
        !env.project.join(".venv/bin/pytest").exists(),
        "the host's own console script is gone"
    );
    Ok(())
}
