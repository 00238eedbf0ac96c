//! What a policy hands back is checked as a whole, and refused in one report.
//!
//! The table of all faults is in `host/src/plan/check/tests.rs`; here are a few of
//! them all the way through the program.

use std::time::Duration;

use libtest_mimic::Trial;

use super::{judge, policy};
use crate::support::Outcome;
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![
        all_faults_are_in_one_report_with_foreign_words_escaped,
        a_plan_that_moves_the_workspace_is_refused,
        a_plan_that_drops_what_was_found_is_refused,
        a_policy_that_finds_nothing_cannot_drop_what_was_listed,
        too_many_entries_and_too_long_words_are_refused,
        a_finding_without_a_planner_is_planned_by_the_builtin_policy,
    ]
}

/// The whole of what is said, and nothing else; the project is as it was.
#[track_caller]
fn reported(name: &str, args: &[&str], faults: &[&str]) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let args = [&["plan", "--policy", file.to_str().unwrap()], args].concat();
    let ran = judge::run(&env, &args, Duration::from_secs(2)).code(125).prints("");
    let mut wanted = "error: the policy's answer is refused; nothing was started\n".to_owned();
    faults.iter().for_each(|fault| wanted += &format!("  - {fault}\n"));
    assert_eq!(ran.stderr(), wanted);
}

fn all_faults_are_in_one_report_with_foreign_words_escaped() -> Outcome {
    reported(
        "paths",
        &[],
        &[
            "`/etc` is absolute, not relative to the workspace",
            "`../x` has an empty, `.` or `..` component",
            "`a\\u{1b}[2J\\u{202e}` has a control character",
            "`out` does not lead to `dir`",
            "it mounts the workspace 0 times, not once",
            "`missing` was found, but is not hidden",
            "`out` was found, but is not hidden",
        ],
    );
    Ok(())
}

fn a_plan_that_moves_the_workspace_is_refused() -> Outcome {
    let faults =
        ["`/etc` is not where the workspace is to be", "`dir` is hidden, but was not found"];
    reported("plan-moves", &[], &faults);
    Ok(())
}

fn a_plan_that_drops_what_was_found_is_refused() -> Outcome {
    reported("plan-drops", &[], &["`.venv` was found, but is not hidden"]);
    Ok(())
}

fn a_policy_that_finds_nothing_cannot_drop_what_was_listed() -> Outcome {
    let listed = ["--venv", ".venv", "--venv", "new", "--venv", "out"];
    let faults =
        [".venv", "new", "out"].map(|path| format!("`{path}` was asked for, but is not hidden"));
    reported("empty", &listed, &faults.each_ref().map(String::as_str));
    Ok(())
}

fn too_many_entries_and_too_long_words_are_refused() -> Outcome {
    reported("notes-5000", &[], &["it has more than 4096 entries"]);
    let env = judge::project();
    for (name, words) in [
        ("findings-5000", "the built-in policy refused: finding `` "),
        (
            "reason-1-mib",
            "the policy's answer is refused; nothing was started\n  - `.venv` is described",
        ),
    ] {
        let file = policy::make(&env, name);
        let args = ["plan", "--policy", file.to_str().unwrap()];
        judge::refused(&env, &args, Duration::from_secs(2), 125, words);
        std::fs::remove_file(file)?;
    }
    Ok(())
}

fn a_finding_without_a_planner_is_planned_by_the_builtin_policy() -> Outcome {
    let env = judge::project();
    let file = policy::make(&env, "reason-1-mib");
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tests/policies/hostile/reason-1-mib.wat"),
    )?;
    // The same with a reason of six bytes: what was refused was its length.
    std::fs::write(&file, policy::component(&text.replace("1_048_576", "6")))?;
    let ran =
        judge::run(&env, &["plan", "--policy", file.to_str().unwrap()], Duration::from_secs(2));
    let out = ran.code(0).stdout();
    assert!(out.contains(".venv/"), "{out}");
    assert!(out.contains("\\u{0}"), "{out}");
    Ok(())
}
