//! Arguments, settings, messages and exit codes.

use crate::support::{Env, Ran, paude, tree};
use crate::trials;

trials!(
    /// Half a gigabyte, as batch systems limit it.
    fn a_plan_works_under_a_limit_on_address_space() -> Outcome {
        let env = Env::with(".venv/pyvenv.cfg");
        let mut command = env.command("sh");
        command.args(["-c", "ulimit -v 524288; exec \"$0\" plan"]).arg(paude());
        let said = Ran(command.output()?).code(0).stdout();
        assert!(said.contains(".venv/"), "{said}");
        Ok(())
    },
    fn usage_errors_exit_with_2() -> Outcome {
        let env = Env::new();
        let cases: [(&[&str], &str); 12] = [
            (&["--venv", "auto", "--venv", "x", "plan"], ""),
            (&["plan", "--venv", "none", "--venv", "x"], "`none` in `venv` must be the only entry"),
            (&["plan", "--venv", "!x"], "`!x` is an exception, but `auto` is not listed"),
            (&["plan", "--venv", "auto", "--venv", "x", "--venv", "!x"], "listed and excepted"),
            (&["plan", "--skip", "../x"], "`..` component"),
            (&["plan", "--venv", "../x"], "`..` component"),
            (&["plan", "--venv", "."], "is the workspace itself"),
            (&["plan", "--venv", "a\nb"], "`a\\nb` has a control character"),
            (&["plan", "-C", "nowhere"], "cannot open workspace `nowhere`"),
            (&["plan", "-C", "/"], "cannot be the root"),
            (&["plan", "--size", "huge"], "is not a size"),
            (&["run", "--user", "me", "--engine", "podman", "--dry-run"], "is not UID or UID:GID"),
        ];
        for (args, wanted) in cases {
            env.paude(args).code(2).says(wanted);
        }
        let long = format!("{{\"setup\": \"{}\"}}", "x".repeat(121 << 10));
        for (text, wanted) in [
            (r#"{"setup": "a\u0000"}"#, "`setup` holds a NUL"),
            (r#"{"env": {"A": "\u0000"}}"#, "`A` holds a NUL"),
            (long.as_str(), "`setup` is longer than 120 KiB, which no program can take\nhint: "),
        ] {
            env.write("paude.json", text);
            env.paude(&["plan"]).code(2).says(wanted);
        }
        Ok(())
    },
    fn the_command_line_wins_over_the_project_and_the_project_over_the_person() -> Outcome {
        let env = Env::new();
        let image = |args: &[&str]| {
            let mut all = vec!["run", "--dry-run", "--engine", "docker"];
            all.extend(args);
            let out = env.paude(&all).code(0).stdout();
            ["typed", "project", "person", "python:3-slim"].into_iter().find(|image| {
                out.contains(&format!(" {image} -c")) || out.contains(&format!("/{image} -c"))
            })
        };
        assert_eq!(image(&[]), Some("python:3-slim"));
        tree::write(
            &env.home().join(".config/paude/config.json"),
            r#"{"image": "person", "engine": "native"}"#,
        );
        assert_eq!(image(&[]), Some("person"));
        env.write("paude.json", r#"{"base": "project"}"#);
        assert_eq!(image(&[]), Some("project"));
        assert_eq!(image(&["--image", "typed"]), Some("typed"));
        // The person's engine is used where the command line names none.
        let out = env.paude(&["run", "--dry-run"]).code(0).stdout();
        assert!(out.starts_with("bwrap "), "{out}");
        Ok(())
    },
    fn a_missing_engine_is_one_clear_error() -> Outcome {
        let mut env = Env::new();
        env.set("PATH", env.home().display().to_string());
        for engine in ["podman", "docker"] {
            let ran = env.paude(&["--engine", engine, "--", "true"]).code(125);
            let wanted = format!("error: {engine} is not installed");
            assert!(ran.stderr().starts_with(&wanted), "{}", ran.stderr());
        }
        Ok(())
    },
    fn auto_chooses_the_first_engine_that_works_and_says_why() -> Outcome {
        let mut env = Env::new();
        env.only_fake_engines();
        env.set("DOCKER_HOST", "unix:///nowhere/docker.sock");
        let run = |env: &Env, wanted: &str| {
            env.paude(&["--venv", "none", "--", "/bin/true"]).code(0).says(wanted);
        };
        run(&env, "Using engine native: neither podman nor docker is installed\n");
        env.fake_engine("docker", "");
        let silent = "podman is not installed, and docker's daemon does not answer\n";
        run(&env, &format!("Using engine native: {silent}"));
        env.paude(&["--engine", "docker"]).code(125).says("its daemon does not answer\nhint: ");
        env.fake_engine("podman", "");
        run(&env, "Using engine podman: it is installed\n");
        Ok(())
    },
    fn a_dry_run_needs_no_engine_and_creates_nothing() -> Outcome {
        let mut env = Env::new();
        env.set("PATH", env.home().display().to_string());
        let ran = env
            .paude(&["--dry-run", "--engine", "podman", "--venv", ".venv", "--", "echo", "a b"])
            .code(0);
        assert!(ran.stdout().starts_with("podman run --rm "), "{}", ran.stdout());
        assert!(ran.stdout().ends_with("echo 'a b'\n"), "{}", ran.stdout());
        assert!(!env.project.join(".venv").exists());
        assert!(!env.home().join(".local").exists());
        Ok(())
    },
    fn the_schema_is_json_and_knows_every_key() -> Outcome {
        let schema: serde_json::Value =
            serde_json::from_str(&Env::new().paude(&["schema"]).code(0).stdout())?;
        let mut keys: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        keys.sort();
        let wanted = [
            "$schema", "depth", "env", "image", "policy", "setup", "size", "skip", "storage",
            "venv",
        ];
        assert_eq!(keys, wanted);
        assert_eq!(schema["additionalProperties"], false);
        Ok(())
    },
    fn completions_and_manual_are_printed() -> Outcome {
        let env = Env::new();
        for shell in ["bash", "zsh", "fish"] {
            assert!(env.paude(&["completions", shell]).code(0).stdout().contains("workspace"));
        }
        assert!(env.paude(&["man"]).code(0).stdout().contains(".TH paude"));
        Ok(())
    }
);
