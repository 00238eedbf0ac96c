//! `paude verify` and `--receipt` with real containers; see also [`crate::verify`] and
//! [`crate::receipt`].

use serde_json::{Value, json};

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran};

fn verify(lane: &Lane, env: &Env, options: &[&str]) -> Ran {
    let mut args = lane.args();
    args[0] = "verify".to_owned();
    args.extend(options.iter().map(|&option| option.to_owned()));
    env.paude(&args)
}

/// Each step with its result.
fn results(ran: &Ran) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&ran.stdout()).unwrap();
    let steps = document["steps"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    steps.map(|step| (word(&step["step"]), word(&step["result"]))).collect()
}

#[track_caller]
fn assert_results(ran: &Ran, wanted: [(&str, &str); 7]) {
    let wanted = wanted.map(|(step, result)| (step.to_owned(), result.to_owned()));
    assert_eq!(results(ran), wanted, "{}", ran.stdout());
}

parameterized!(
    Test,
    fn every_step_passes_for_a_working_environment(lane: &Lane) -> Outcome {
        let env = lane.env();
        lane.host_venv(&env, ".venv");
        let (before, venv) = (snapshot(&env.project), snapshot(&env.project.join(".venv")));
        let said = verify(lane, &env, &[]).code(0).stdout();
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].starts_with(&format!("{} with {}", env.project.display(), lane.engine)));
        assert_eq!(lines.len(), 8, "{said}");
        assert!(lines[1..].iter().all(|line| line.starts_with("✓ ")), "{said}");
        assert!(said.contains("the new one works: Python 3."), "{said}");
        assert!(said.contains(&format!("{} entries as before", before.len() - 1)), "{said}");
        assert_unchanged(&env.project, &before);
        assert_eq!(lane.containers(&env), "");
        // A reserved directory passes too, and the setup is not run.
        let options = ["--venv", "new", "--setup", "exit 1", "--format", "json"];
        let ran = verify(lane, &env, &options).code(0);
        assert_eq!(results(&ran)[0], ("host-works".to_owned(), "skipped".to_owned()));
        assert!(!env.project.join("new").exists());
        assert_unchanged(&env.project.join(".venv"), &venv);
        Ok(())
    },
    fn a_host_environment_that_does_not_work_fails_its_step_only(lane: &Lane) -> Outcome {
        let tree = ".venv/pyvenv.cfg: \"home = /gone\\n\"\n.venv/bin/python -> /gone/python3";
        let ran = verify(lane, &lane.env_with(tree), &["--format", "json"]).code(1);
        let wanted = [
            ("host-works", "failed"),
            ("empty", "passed"),
            ("made", "passed"),
            ("works", "passed"),
            ("left", "passed"),
            ("host-still-works", "skipped"),
            ("untouched", "passed"),
        ];
        assert_results(&ran, wanted);
        assert!(ran.stdout().contains("`.venv`: it cannot be started: "), "{}", ran.stdout());
        Ok(())
    },
    fn a_container_without_python_fails_the_step_that_needs_it(lane: &Lane) -> Outcome {
        let env = lane.env();
        lane.host_venv(&env, ".venv");
        let ran = verify(lane, &env, &["--env", "PATH=/nowhere"]).code(1);
        let said = ran.stdout();
        assert!(
            said.contains(
                "✗ a new one can be created in the container: failed: there is no python3"
            )
        );
        assert!(
            said.contains("– the new one works: skipped: the previous step failed\n"),
            "{said}"
        );
        assert!(said.contains("✓ the environment of the host is untouched"), "{said}");
        Ok(())
    },
    fn a_receipt_says_unchanged_when_the_container_makes_an_environment(lane: &Lane) -> Outcome {
        let env = lane.env();
        lane.host_venv(&env, ".venv");
        let file = env.home().join("receipt.json").display().to_string();
        lane.sh(&env, &["--receipt", &file], "python3 -m venv .venv; exit 3").code(3);
        let receipt: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
        assert_eq!((&receipt["exit"], &receipt["unchanged"]), (&json!(3), &json!(true)));
        // An environment that is not hidden is not on the receipt, and paude warns about it.
        let ran = lane.sh(&env, &["--receipt", &file, "--venv", "none"], "true").code(0);
        assert!(ran.stderr().contains("warning: `.venv`"), "{}", ran.stderr());
        let receipt: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
        assert_eq!(receipt["environments"], json!([]));
        Ok(())
    }
);
