//! A policy can read the workspace, and do nothing else.

use std::time::Duration;

use super::{judge, policy};
use crate::trials;

const TIME: Duration = Duration::from_secs(2);

/// Fails unless the policy is refused in one error with this text after its name.
#[track_caller]
fn refused(name: &str, words: &str) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let file = file.to_str().unwrap();
    judge::refused(
        &env,
        &["plan", "--policy", file],
        TIME,
        125,
        &format!("policy `{file}` {words}"),
    );
}

trials!(
    fn a_call_of_the_network_ends_the_policy() -> Outcome {
        refused(
            "sockets",
            "crashed: it called `wasi:sockets/instance-network@0.2.0#instance-network`, which \
             policies may not call; nothing was started",
        );
        Ok(())
    },
    fn an_unknown_import_is_refused_before_any_code_runs() -> Outcome {
        // Their code never ends, so if it ran they would be refused for its time.
        refused(
            "unknown-import",
            "cannot be used: it imports `evil:host/run@1.0.0`, which is not available",
        );
        refused(
            "unknown-among-tolerated",
            "cannot be used: it imports `wasi:cli/run-command@0.2.0`",
        );
        refused("shared-memory", "cannot be used: ");
        Ok(())
    },
    fn no_call_changes_the_workspace() -> Outcome {
        refused("writes", "refused: all were refused.\n");
        Ok(())
    },
    fn no_path_leads_out_of_the_workspace() -> Outcome {
        refused("escapes", "refused: all were refused.\n");
        Ok(())
    },
    fn a_fifo_is_not_opened() -> Outcome {
        // Opening it would wait for a writer until the time limit.
        refused("fifo", "refused: a fifo is not opened\n");
        Ok(())
    },
    fn variables_arguments_and_other_directories_are_empty() -> Outcome {
        refused("ambient", "refused: saw 0 variables, 0 arguments, 0 directories\n");
        Ok(())
    },
    fn output_of_a_policy_is_dropped() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "stdout");
        let ran = judge::run(&env, &["plan", "--policy", file.to_str().unwrap()], TIME).code(0);
        assert_eq!(ran.stderr(), "");
        assert!(ran.stdout().contains("everything"), "{}", ran.stdout());
        assert!(!ran.stdout().contains("printed by the policy"), "{}", ran.stdout());
        Ok(())
    },
    fn random_bytes_are_the_same_each_time() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "random");
        let said = || {
            let ran = judge::run(&env, &["plan", "--policy", file.to_str().unwrap()], TIME);
            ran.code(125).says("` refused: ").stderr()
        };
        assert_eq!(said(), said());
        Ok(())
    },
    fn another_version_or_type_of_the_interface_is_refused_by_name() -> Outcome {
        let env = judge::project();
        let file = env.root().join("other.wasm");
        let cases = [
            ("(component)", "it exports nothing"),
            (
                r#"(component
                (instance $i)
                (export "paude:isolation/detection@0.2.0" (instance $i)))"#,
                "it exports `paude:isolation/detection@0.2.0`, but this paude supports \
                 paude:isolation@0.1.0",
            ),
            (
                r#"(component
                (core module $m (func (export "detect")))
                (core instance $i (instantiate $m))
                (func $detect (canon lift (core func $i "detect")))
                (instance $d (export "detect" (func $detect)))
                (export "paude:isolation/detection@0.1.0" (instance $d)))"#,
                "its function `detect` has a different type than in paude:isolation@0.1.0",
            ),
            ("(module)", "it is a core module, not a component"),
        ];
        for (text, words) in cases {
            std::fs::write(&file, wat::parse_str(text).unwrap())?;
            let file = file.to_str().unwrap();
            let words = format!("policy `{file}` cannot be used: {words}");
            judge::refused(&env, &["plan", "--policy", file], TIME, 125, &words).says("\nhint: ");
        }
        Ok(())
    }
);
