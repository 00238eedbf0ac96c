//! Several policies together, and policies pinned to a hash.
//!
//! `cases/several` shows the plan of two real ones.

use std::process::Command;

use crate::hostile::policy;
use crate::support::{Env, tree};
use crate::trials;

/// A detector that finds `.venv`, and a directory of its own name that does not exist yet, both
/// with its name as the reason.
fn finds(env: &Env, name: &str) -> String {
    let (length, detect) = (name.len(), policy::DETECT);
    let text = format!(
        r#"(core module $main
            (import "heap" "memory" (memory 1))
            (data (i32.const 1024) ".venv")
            (data (i32.const 1040) "{name}")
            {detect}
                (i32.store (i32.const 4) (i32.const 2048))
                (i32.store (i32.const 8) (i32.const 2))
                (i32.store (i32.const 2048) (i32.const 1024))
                (i32.store (i32.const 2052) (i32.const 5))
                (i32.store (i32.const 2108) (i32.const 1040))
                (i32.store (i32.const 2112) (i32.const {length}))
                (i32.store (i32.const 2116) (i32.const 1040))
                (i32.store (i32.const 2120) (i32.const {length}))
                (i32.store8 (i32.const 2124) (i32.const 3))
                (i32.store (i32.const 2176) (i32.const 1040))
                (i32.store (i32.const 2180) (i32.const {length}))
                i32.const 0))"#
    );
    let file = env.root().join(format!("{name}.wasm"));
    std::fs::write(&file, policy::component(&text)).unwrap();
    file.display().to_string()
}

fn hostile(env: &Env, name: &str) -> String {
    policy::make(env, name).display().to_string()
}

fn project() -> Env {
    Env::with(".venv/pyvenv.cfg: \"version = 3.11.2\\n\"")
}

/// The hidden paths, each with its reason.
#[track_caller]
fn hidden(env: &Env, args: &[&str]) -> Vec<(String, String)> {
    let ran = env.paude(&[&["plan", "--format", "json"], args].concat()).code(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let shadows = plan["shadows"].as_array().unwrap().iter();
    shadows.map(|shadow| (text(&shadow["path"]), text(&shadow["reason"]))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(path, reason)| ((*path).to_owned(), (*reason).to_owned())).collect()
}

/// A project with the policies `one.wasm` and `two.wasm`, and this key.
fn with_key(policy: &str) -> Env {
    let env = project();
    for name in ["one", "two"] {
        let file = finds(&env, name);
        std::fs::rename(file, env.project.join(name).with_extension("wasm")).unwrap();
    }
    env.write("paude.json", &format!("{{\"policy\": {policy}}}"));
    env
}

trials!(
    fn the_first_policy_to_name_a_path_wins() -> Outcome {
        let env = project();
        let (one, two) = (&finds(&env, "one"), &finds(&env, "two"));
        let found = hidden(&env, &["--policy", one, "--policy", two]);
        assert_eq!(found, pairs(&[(".venv", "one"), ("one", "one"), ("two", "two")]));
        let found = hidden(&env, &["--policy", two, "--policy", "builtin", "--policy", one]);
        assert_eq!(found, pairs(&[(".venv", "two"), ("one", "one"), ("two", "two")]));
        // A policy that is named twice runs once.
        let found = hidden(&env, &["--policy", "builtin", "--policy", two, "--policy", "builtin"]);
        assert_eq!(found, pairs(&[(".venv", "pyvenv.cfg"), ("two", "two")]));
        Ok(())
    },
    fn the_built_in_policy_plans_where_no_other_does() -> Outcome {
        let env = project();
        // This one plans and hides nothing, so its plan lacks what the other found.
        let planner = &hostile(&env, "plan-drops");
        for order in [["builtin", planner], [planner, "builtin"]] {
            let args = ["plan", "--policy", order[0], "--policy", order[1]];
            env.paude(&args).code(125).says("  - `.venv` was found, but is not hidden\n");
        }
        let ran = env.paude(&["policy", "run", "--policy", "builtin", "--policy", planner]).code(0);
        let said = ran.stderr();
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].starts_with("the built-in policy took "), "{said}");
        assert!(lines[1].starts_with(&format!("policy `{planner}` took ")), "{said}");
        Ok(())
    },
    fn two_policies_that_plan_are_refused_by_name() -> Outcome {
        let env = project();
        let (one, two) = (&hostile(&env, "plan-drops"), &hostile(&env, "plan-moves"));
        let ran = env.paude(&["plan", "--policy", one, "--policy", "builtin", "--policy", two]);
        let said = format!(
            "error: policy `{one}` and policy `{two}` both export `planning`, \
             and only one policy may\n"
        );
        ran.code(2).says(&said).says("hint: remove one of them").prints("");
        Ok(())
    },
    fn the_failure_of_one_policy_is_the_failure_of_all() -> Outcome {
        let env = project();
        let good = &finds(&env, "good");
        for (name, words) in [("memory", "used more than 256 MiB"), ("fifo", "refused: ")] {
            let bad = &hostile(&env, name);
            let ran = env.paude(&["plan", "--policy", good, "--policy", bad]).code(125).prints("");
            ran.says(&format!("error: policy `{bad}` {words}"));
        }
        env.paude(&["plan", "--policy", good, "--policy", "nowhere"])
            .code(125)
            .says("no such file");
        Ok(())
    },
    fn a_policy_that_takes_too_long_is_named() -> Outcome {
        let env = project();
        let (good, bad) = (&finds(&env, "good"), &hostile(&env, "loop-detect"));
        let args = ["plan", "--policy-timeout", "1", "--policy", good, "--policy", bad];
        let words = format!("policy `{bad}` used more than 1 s of time");
        env.paude(&args).code(125).says(&words);
        Ok(())
    },
    fn settings_name_one_policy_or_several() -> Outcome {
        let one: &[_] = &[(".venv", "one"), ("one", "one")];
        let both: &[_] = &[(".venv", "pyvenv.cfg"), ("two", "two")];
        for (key, wanted) in [
            (r#""one.wasm""#, one),
            (r#"["one.wasm"]"#, one),
            (r#"["builtin", "./two.wasm"]"#, both),
            (r#""builtin""#, &[(".venv", "pyvenv.cfg")]),
        ] {
            assert_eq!(hidden(&with_key(key), &[]), pairs(wanted), "{key}");
        }
        // A file called `builtin` is named with `./`.
        let env = with_key(r#""./builtin""#);
        std::fs::rename(env.project.join("one.wasm"), env.project.join("builtin"))?;
        assert_eq!(hidden(&env, &[]), pairs(one));
        Ok(())
    },
    fn the_list_of_the_nearer_settings_replaces_the_other() -> Outcome {
        let env = with_key(r#"["one.wasm", "two.wasm"]"#);
        let mine = finds(&env, "mine");
        let settings = env.home().join(".config/paude/config.json");
        std::fs::create_dir_all(settings.parent().unwrap())?;
        std::fs::rename(&mine, settings.with_file_name("mine.wasm"))?;
        tree::write(&settings, r#"{"policy": ["mine.wasm", "builtin"]}"#);
        assert_eq!(hidden(&env, &[]).len(), 3);
        assert_eq!(hidden(&env, &["--policy", "builtin"]), pairs(&[(".venv", "pyvenv.cfg")]));
        env.write("paude.json", "{}");
        assert_eq!(hidden(&env, &[]), pairs(&[(".venv", "mine"), ("mine", "mine")]));
        Ok(())
    },
    fn malformed_lists_are_refused() -> Outcome {
        let nine = format!("[{}]", ["\"one.wasm\""; 9].join(","));
        for (key, words) in [
            (
                "[]",
                "invalid length 0, expected a path, {\"path\": .., \"sha256\": ..}, {\"oci\": ..",
            ),
            (&nine, "invalid length 9, expected a path"),
            ("3", "expected a path"),
            ("[[\"one.wasm\"]]", "expected a path"),
            ("{\"path\": \"one.wasm\"}", "missing field `sha256`"),
            ("{\"path\": \"one.wasm\", \"sha256\": \"0\"}", "a sha256 has 64 hexadecimal digits"),
            ("{\"path\": \"one.wasm\", \"sha512\": \"0\"}", "unknown key `sha512`"),
            ("[\"builtin\", \"../one.wasm\"]", "policy `../one.wasm` has an empty, `.` or `..`"),
        ] {
            with_key(key).paude(&["plan"]).code(2).says("error: paude.json").says(words);
        }
        let nine = ["--policy=builtin"; 9];
        let ran = project().paude(&[&["plan"], &nine[..]].concat()).code(2);
        ran.says("error: more than 8 policies by --policy");
        Ok(())
    },
    fn a_pin_accepts_one_file_and_no_other() -> Outcome {
        let env = with_key("[]");
        let hash = |file: &str| {
            let path = env.project.join(file);
            let said = Command::new("sha256sum").arg(path).output().unwrap().stdout;
            String::from_utf8(said).unwrap()[..64].to_owned()
        };
        let (one, two) = (hash("one.wasm"), hash("two.wasm"));
        let pin = |sha256: &str| {
            let key = format!(r#"["builtin", {{"path": "one.wasm", "sha256": "{sha256}"}}]"#);
            env.write("paude.json", &format!("{{\"policy\": {key}}}"));
        };
        for spelt in [&one, &one.to_uppercase()] {
            pin(spelt);
            assert_eq!(hidden(&env, &[]).len(), 2);
        }
        pin(&two);
        env.paude(&["plan"]).code(125).prints("").says(&format!(
            "error: policy `one.wasm` does not match its pin: its sha256 is {one}, not {two}\n\
             hint: if this"
        ));
        // The person's settings can pin too, and the built-in policy can be pinned.
        env.write("paude.json", "{}");
        let settings = env.home().join(".config/paude/config.json");
        let pinned = format!(r#"{{"policy": {{"path": "builtin", "sha256": "{one}"}}}}"#);
        tree::write(&settings, &pinned);
        env.paude(&["plan"]).code(125).says("the built-in policy does not match its pin: ");
        Ok(())
    }
);
