//! Arguments, settings, messages and exit codes.

use std::collections::BTreeSet;

use clap::{CommandFactory as _, Parser as _};
use paude::cli::Cli;

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
    fn each_file_may_take_the_network_away_and_only_the_command_line_gives_it_back() -> Outcome {
        let cases = [
            ("{}", "{}", &[][..], false),
            (r#"{"network": "none"}"#, "{}", &[], true),
            ("{}", r#"{"network": "none"}"#, &[], true),
            (r#"{"network": "engine"}"#, r#"{"network": "none"}"#, &[], true),
            (r#"{"network": "none"}"#, r#"{"network": "engine"}"#, &[], true),
            (r#"{"network": "none"}"#, r#"{"network": "none"}"#, &["--network", "engine"], false),
            ("{}", "{}", &["--network", "none"], true),
        ];
        for (project, person, args, is_none) in cases {
            let env = Env::with("src/");
            env.write("paude.json", project);
            tree::write(&env.home().join(".config/paude/config.json"), person);
            for (engine, option) in [
                ("podman", " --network none "),
                ("docker", " --network none "),
                ("native", "--unshare-net"),
            ] {
                let all = [&["run", "--dry-run", "--engine", engine], args].concat();
                let ran = env.paude(&all).code(0);
                assert_eq!(ran.stdout().contains(option), is_none, "{project} {person} {args:?}");
                let lifts = project.contains("engine") && person.contains("none");
                assert_eq!(ran.stderr().contains("`network` cannot lift the `none`"), lifts);
            }
        }
        let env = Env::new();
        let run = |args: &[&str]| {
            let all = ["run", "--dry-run", "--engine", "podman", "--network", "none"];
            env.paude(&[&all, args].concat())
        };
        for args in
            [&["--engine-arg=--net=host"][..], &["--engine-arg=--network", "--engine-arg=x"]]
        {
            run(args).code(2).says("`network` is `none`, but the engine argument");
        }
        let once = run(&["--engine-arg=--network=none"]).code(0).stdout();
        assert_eq!(once.matches("--network").count(), 1, "{once}");
        Ok(())
    },
    fn the_project_may_be_named_before_a_subcommand() -> Outcome {
        let env = Env::with("app/.venv/pyvenv.cfg");
        for args in
            [&["-C", "app", "plan"][..], &["plan", "-C", "app"], &["--workspace=app", "plan"]]
        {
            let said = env.paude(args).code(0).stdout();
            assert!(said.contains("/app/\n"), "{args:?}: {said}");
        }
        env.paude(&["-C", "app", "policy", "run", "python"]).code(0);
        env.paude(&["-C", "app", "schema"]).code(2).says("unexpected argument '-C'");
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
            "$schema",
            "build",
            "cache",
            "depth",
            "devcontainer",
            "env",
            "image",
            "network",
            "packages",
            "policy",
            "setup",
            "size",
            "skip",
            "storage",
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
    },
    fn completions_offer_what_an_option_takes() -> Outcome {
        let env = Env::new();
        let zsh = env.paude(&["completions", "zsh"]).code(0).stdout();
        let line = |start: &str| zsh.lines().find(|line| line.contains(start)).unwrap();
        assert!(line("--workspace=[").contains(":DIR:_files -/"), "{}", line("--workspace=["));
        assert!(line("--receipt=[").contains(":FILE:_files' \\"), "{}", line("--receipt=["));
        // An option without a list or a hint would be completed with files.
        assert!(line("--image=[").ends_with(":IMAGE:' \\"), "{}", line("--image=["));
        assert!(zsh.contains("without one, a shell:_cmdambivalent'"), "{zsh}");
        Ok(())
    },
    fn every_help_ends_with_examples_that_parse() -> Outcome {
        let mut command = Cli::command();
        command.build();
        let mut pending = vec![command];
        let mut parsed = 0;
        while let Some(command) = pending.pop() {
            let name = command.get_bin_name().unwrap_or("paude").to_owned();
            let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(text.starts_with("Examples:\n  paude"), "`{name} --help` has no examples");
            let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
            for line in lines.filter(|line| !line.starts_with(' ') && !line.is_empty()) {
                assert!(line.starts_with(&name), "`{line}` is no example of `{name}`");
                let line = line.split(['>', '|']).next().unwrap();
                if let Err(error) = Cli::try_parse_from(shlex::split(line).unwrap()) {
                    panic!("`{line}`: {error}");
                }
                parsed += 1;
            }
            let of_its_own = |one: &&clap::Command| one.get_name() != "help";
            pending.extend(command.get_subcommands().filter(of_its_own).cloned());
        }
        assert!(parsed > 20, "only {parsed} examples");
        Ok(())
    },
    fn each_subcommand_has_a_manual_page() -> Outcome {
        let env = Env::new();
        let dir = env.root().join("share/man/man1");
        env.paude(&["man", "--dir", dir.to_str().unwrap()]).code(0);
        let names = std::fs::read_dir(&dir)?.map(|entry| entry.unwrap().file_name());
        let names: BTreeSet<_> = names.map(|name| name.into_string().unwrap()).collect();
        let mut wanted = BTreeSet::from(["paude.1".to_owned()]);
        let mut command = Cli::command();
        command.build();
        for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
            wanted.insert(format!("paude-{}.1", one.get_name()));
            let inner = one.get_subcommands().filter(|inner| inner.get_name() != "help");
            wanted.extend(
                inner.map(|inner| format!("paude-{}-{}.1", one.get_name(), inner.get_name())),
            );
        }
        assert_eq!(names, wanted);
        let page = std::fs::read_to_string(dir.join("paude-policy-new.1"))?;
        for part in
            [".TH paude-policy-new 1  \"paude ", "\\-\\-lang", ".SH EXAMPLES", "my\\-policy"]
        {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        env.write("file", "");
        let file = env.project.join("file").display().to_string();
        env.paude(&["man", "--dir", &file]).code(125).says("cannot write the manual pages to");
        Ok(())
    }
);
