//! The result of a policy is checked as a whole, and refused in one report.
//!
//! `host/src/plan/check/tests.rs` has every fault; here are a few of them through the whole
//! program.

use std::time::Duration;

use super::{judge, policy};
use crate::support::Env;
use crate::trials;

/// Fails unless exactly these faults are reported, and nothing in the project changes.
#[track_caller]
fn reports(name: &str, args: &[&str], faults: &[&str]) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let args = [&["plan", "--policy", file.to_str().unwrap()], args].concat();
    let ran = judge::run(&env, &args, Duration::from_secs(2)).code(125).prints("");
    let mut wanted = "error: the policy's result is rejected; nothing was started\n".to_owned();
    faults.iter().for_each(|fault| wanted += &format!("  - {fault}\n"));
    assert_eq!(ran.stderr(), wanted);
}

/// Fails unless exactly these faults of the policy's findings are attributed to it.
#[track_caller]
fn attributes(name: &str, faults: &[&str]) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let file = file.to_str().unwrap();
    let args = ["plan", "--policy", "builtin", "--policy", file];
    let ran = judge::run(&env, &args, Duration::from_secs(2)).code(125).prints("");
    let mut wanted =
        format!("error: the result of policy `{file}` is rejected; nothing was started\n");
    faults.iter().for_each(|fault| wanted += &format!("  - {fault}\n"));
    assert_eq!(ran.stderr(), wanted);
}

/// A project in which a lookup takes milliseconds: 38 links lead to each other by long paths.
fn project_of_slow_links() -> Env {
    let env = judge::project();
    std::fs::create_dir(env.project.join("x")).unwrap();
    for n in 0..38_u32 {
        let to = if n == 0 { "x".to_owned() } else { format!("l{}", n - 1) };
        let target = format!("{}{to}", "x/../".repeat(800));
        std::os::unix::fs::symlink(target, env.project.join(format!("l{n}"))).unwrap();
    }
    env
}

trials!(
    fn all_invalid_paths_are_in_one_report_with_untrusted_text_escaped() -> Outcome {
        attributes(
            "paths",
            &[
                "`/etc` is absolute, not relative to the workspace",
                "`../x` has an empty, `.` or `..` component",
                "`a\\u{1b}[2J\\u{202e}` has a control character",
            ],
        );
        Ok(())
    },
    fn a_plan_that_moves_the_workspace_is_refused() -> Outcome {
        let faults =
            ["`/etc` is not the path of the workspace", "`dir` is hidden, but was not found"];
        reports("plan-moves", &[], &faults);
        Ok(())
    },
    fn a_plan_that_drops_what_was_found_is_refused() -> Outcome {
        reports("plan-drops", &[], &["`.venv` was found, but is not hidden"]);
        Ok(())
    },
    fn a_policy_that_finds_nothing_cannot_drop_what_the_person_listed() -> Outcome {
        let listed = ["--venv", ".venv", "--venv", "new", "--venv", "out"];
        let faults = [".venv", "new", "out"]
            .map(|path| format!("`{path}` was asked for, but is not hidden"));
        reports("empty", &listed, &faults.each_ref().map(String::as_str));
        Ok(())
    },
    fn too_many_entries_and_too_long_texts_are_refused() -> Outcome {
        attributes("notes-5000", &["it has more than 4096 notes"]);
        attributes("findings-5000", &["it has more than 4096 findings"]);
        reports("reason-1-mib", &[], &["`.venv` has a reason longer than 4096 bytes"]);
        Ok(())
    },
    /// Each lookup in this project takes milliseconds: links lead to links, by long paths.
    fn the_time_of_a_policy_includes_the_check_of_its_result() -> Outcome {
        let env = project_of_slow_links();
        // Three hundred findings, each one component longer than the one before it.
        let path = format!("l37/{}", "d/".repeat(1000));
        let detect = policy::DETECT;
        let text = format!(
            r#"(core module $main
                (import "heap" "memory" (memory 1))
                (data (i32.const 1024) "{path}")
                {detect}
                    (local $n i32) (local $at i32)
                    (loop $next
                        (local.set $at
                            (i32.add (i32.const 4096) (i32.mul (local.get $n) (i32.const 68))))
                        (i32.store (local.get $at) (i32.const 1024))
                        (i32.store offset=4 (local.get $at)
                            (i32.add (i32.const 5) (i32.mul (local.get $n) (i32.const 2))))
                        (i32.store8 offset=8 (local.get $at) (i32.const 3))
                        (local.set $n (i32.add (local.get $n) (i32.const 1)))
                        (br_if $next (i32.lt_u (local.get $n) (i32.const 300))))
                    (i32.store (i32.const 4) (i32.const 4096))
                    (i32.store (i32.const 8) (i32.const 300))
                    i32.const 0))"#
        );
        let file = env.root().join("deep.wasm");
        std::fs::write(&file, policy::component(&text))?;
        let args = ["plan", "--policy", file.to_str().unwrap(), "--policy-timeout", "1"];
        let ran = judge::run(&env, &args, Duration::from_secs(1)).code(125).prints("");
        assert_eq!(
            ran.stderr(),
            "error: the policy's result is rejected; nothing was started\n  \
             - checking the policy's result took more than 1 s\n\
             hint: --policy-timeout SECONDS raises the limit\n"
        );
        Ok(())
    },
    /// The settings of a repository are enough for that: each path took more than ten seconds.
    fn the_time_of_the_built_in_policy_includes_the_check_of_its_result() -> Outcome {
        let env = project_of_slow_links();
        let paths: Vec<_> = (0..5).map(|n| format!("\"l37/{}{n}\"", "d/".repeat(1400))).collect();
        env.write("paude.json", &format!("{{\"venv\": [{}]}}", paths.join(", ")));
        let ran = judge::run(&env, &["plan", "--policy-timeout", "1"], Duration::from_secs(1));
        // Whether a fast machine ends in time or not.
        let code = ran.0.status.code();
        assert!([Some(0), Some(125)].contains(&code), "{code:?}: {}", ran.stderr());
        Ok(())
    },
    /// A note takes few bytes, so that a small component returns many of them.
    fn notes_are_counted_before_they_are_merged() -> Outcome {
        let env = judge::project();
        let detect = policy::DETECT;
        let text = format!(
            r#"(core module $main
                (import "heap" "memory" (memory 1))
                {detect}
                    (drop (memory.grow (i32.const 127)))
                    (i32.store (i32.const 24) (i32.const 1048576))
                    (i32.store (i32.const 28) (i32.const 100000))
                    i32.const 0))"#
        );
        let file = env.root().join("notes.wasm");
        std::fs::write(&file, policy::component(&text))?;
        let file = file.to_str().unwrap();
        let args = ["plan", "--policy", file, "--policy", "builtin"];
        let words = format!("the result of policy `{file}` is rejected; nothing was started\n");
        judge::refused(&env, &args, Duration::from_millis(500), 125, &words);
        Ok(())
    },
    fn findings_of_a_policy_that_does_not_plan_are_planned_by_the_built_in_one() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "reason-1-mib");
        let text = std::fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../tests/policies/hostile/reason-1-mib.wat"),
        )?;
        // The same with a reason of six bytes is accepted, so its length was the fault.
        std::fs::write(&file, policy::component(&text.replace("1_048_576", "6")))?;
        let ran =
            judge::run(&env, &["plan", "--policy", file.to_str().unwrap()], Duration::from_secs(2));
        let out = ran.code(0).stdout();
        assert!(out.contains(".venv/"), "{out}");
        assert!(out.contains("\\u{0}"), "{out}");
        Ok(())
    }
);
