//! What a killed run left, and which journals are obeyed.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::{KILLS_PAUDE, fake, journal, journal_of_killed_run, one_error, reserved, subcommands};
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, tree};
use crate::trials;

/// The tests of this module; those that give a file away are ignored unless root runs them.
pub fn trials() -> Vec<libtest_mimic::Trial> {
    let root = rustix::process::geteuid().is_root();
    let of_root = of_root().into_iter().map(|trial| trial.with_ignored_flag(!root));
    of_anyone().into_iter().chain(of_root).collect()
}

trials!(
    of_anyone,
    fn what_a_killed_run_left_is_cleared_by_the_next() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", KILLS_PAUDE, "exit 0");
        let args = ["--engine", "podman", "--venv", "deep/er/.venv", "--", "true"];
        assert_eq!(env.paude(&args).exit_code(), None);
        assert!(env.project.join("deep/er/.venv").exists());
        // Also if the workspace was renamed since, and with another engine.
        let moved = env.root().join("moved");
        std::fs::rename(&env.project, &moved)?;
        env.project = moved;
        fake(&mut env, "docker", "exit 0", "exit 0");
        env.set("DOCKER_CONTEXT", "x");
        env.paude(&["--engine", "docker", "--", "true"]).code(0);
        assert!(!env.project.join("deep").exists());
        assert_eq!(subcommands(&env), "run info rm run ");
        assert_eq!(journal(&env), "");
        Ok(())
    },
    fn what_a_killed_run_left_is_kept_once_somebody_uses_it() -> Outcome {
        type Use = (fn(&Path), &'static str);
        let uses: [Use; 3] = [
            (|dir| std::fs::write(dir.join("file"), "").unwrap(), "a file in it"),
            (
                |dir| {
                    std::fs::remove_dir(dir).unwrap();
                    std::fs::create_dir(dir).unwrap();
                },
                "another directory, perhaps with the same inode number",
            ),
            (
                |dir| {
                    std::fs::remove_dir(dir).unwrap();
                    std::fs::create_dir(dir.with_file_name("elsewhere")).unwrap();
                    symlink("elsewhere", dir).unwrap();
                },
                "a link",
            ),
        ];
        for (used, how) in uses {
            let mut env = Env::with("README");
            fake(&mut env, "podman", KILLS_PAUDE, "exit 0");
            assert_eq!(reserved(&env).exit_code(), None);
            used(&env.project.join(".venv"));
            let before = snapshot(&env.project);
            fake(&mut env, "podman", "exit 0", "exit 0");
            env.paude(&["--engine", "podman", "--", "true"]).code(0);
            reserved(&env).code(0);
            assert!(env.project.join(".venv").exists(), "{how}");
            assert_unchanged(&env.project, &before);
            assert_eq!(journal(&env), "", "{how}");
        }
        Ok(())
    },
    /// The container may still run, and would then write into the project itself.
    fn the_mount_point_stays_while_its_container_cannot_be_removed() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "kill -KILL $$", "exit 1");
        one_error(&reserved(&env).code(137), "and its container cannot be removed");
        assert!(env.project.join(".venv").exists());
        let noted = journal(&env).lines().count();
        fake(&mut env, "podman", "exit 0", "exit 1");
        for _ in 0..2 {
            env.paude(&["--engine", "podman", "--", "true"]).code(0);
            assert_eq!(journal(&env).lines().count(), noted, "it grows: {}", journal(&env));
        }
        fake(&mut env, "podman", "exit 0", "exit 0");
        env.paude(&["--engine", "podman", "--", "true"]).code(0);
        assert!(!env.project.join(".venv").exists());
        assert_eq!(journal(&env), "");
        Ok(())
    },
    fn a_directory_created_by_somebody_else_is_not_removed() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "rmdir .venv && mkdir .venv", "exit 0");
        reserved(&env).code(0);
        assert!(env.project.join(".venv").exists());
        // It was there before this run: hidden, and not removed.
        fake(&mut env, "podman", "exit 0", "exit 0");
        reserved(&env).code(0);
        assert!(env.project.join(".venv").exists());
        assert_eq!(journal(&env), "");
        Ok(())
    },
    /// In a project that is a whole home directory, a container could write the journal.
    fn a_container_that_is_not_named_as_paude_names_one_is_not_removed() -> Outcome {
        let mut env = Env::with("README");
        let file = journal_of_killed_run(&mut env);
        let line = "{\"container\":{\"engine\":\"podman\",\"name\":\"database\"}}\n";
        std::fs::write(&file, std::fs::read_to_string(&file)? + line)?;
        fake(&mut env, "podman", "exit 0", "exit 0");
        reserved(&env).code(0);
        let log = std::fs::read_to_string(env.root().join("log"))?;
        assert!(log.contains(" -- paude-") && !log.contains("database"), "{log}");
        assert_eq!(journal(&env), "");
        Ok(())
    },
    fn without_a_journal_nothing_is_created_and_other_runs_go_on() -> Outcome {
        for (name, value) in [("XDG_STATE_HOME", "$ROOT/file"), ("HOME", ""), ("HOME", "/proc")] {
            let mut env = Env::with("mine/.venv/pyvenv.cfg");
            fake(&mut env, "podman", "exit 3", "exit 0");
            tree::write(&env.root().join("file"), "");
            env.set(name, value.replace("$ROOT", &env.root().display().to_string()));
            let before = snapshot(&env.project);
            // No mount point has to be created: it goes on.
            env.paude(&["--engine", "podman", "--", "true"]).code(3);
            let ran = reserved(&env)
                .code(125)
                .says("hint: create the directory yourself, or set XDG_STATE_HOME");
            one_error(&ran, "cannot create the mount point `.venv`: no journal to record it in: ");
            assert_unchanged(&env.project, &before);
            assert_eq!(subcommands(&env), "run ");
        }
        Ok(())
    },
    fn malformed_lines_of_a_journal_are_ignored() -> Outcome {
        let mut env = Env::with("a/\nb/");
        let file = journal_of_killed_run(&mut env);
        let text = std::fs::read_to_string(&file)?;
        let torn = text.lines().next().unwrap();
        let malformed = [
            r#"{"directory":{"path":"a","identity":"1-1"}}"#,
            r#"{"directory":{"path":"../home","identity":"1-1"}}"#,
            r#"{"container":{"engine":"other","name":"x"}}"#,
            "nonsense",
            &torn[..torn.len() - 3],
        ];
        std::fs::write(&file, malformed.join("\n"))?;
        let before = snapshot(&env.project);
        fake(&mut env, "podman", "exit 0", "exit 0");
        reserved(&env).code(0);
        assert_unchanged(&env.project, &before);
        assert_eq!(std::fs::read_to_string(&file)?, "");
        // A directory in its place is as good as no journal.
        std::fs::remove_file(&file)?;
        std::fs::create_dir(&file)?;
        reserved(&env).code(0);
        std::fs::remove_dir(env.project.join(".venv"))?;
        one_error(&reserved(&env).code(125), "no journal to record it in");
        Ok(())
    },
    /// A container could write what paude then removes.
    fn a_journal_in_the_project_is_not_believed() -> Outcome {
        let mut env = Env::with("state/\nlink -> state");
        let file = journal_of_killed_run(&mut env);
        let name = file.file_name().unwrap();
        std::fs::remove_file(env.root().join("log"))?;
        fake(&mut env, "podman", "exit 0", "exit 0");
        for state in ["state", "link", "state/not/there"] {
            let state = env.project.join(state);
            std::fs::create_dir_all(state.join("paude"))?;
            std::fs::copy(&file, state.join("paude").join(name))?;
            env.set("XDG_STATE_HOME", state.display().to_string());
            env.paude(&["--engine", "podman", "--", "true"]).code(0);
            assert!(env.project.join(".venv").exists());
            std::fs::remove_dir(env.project.join(".venv"))?;
            one_error(&reserved(&env).code(125), ": it lies in the project\nhint: ");
            std::fs::create_dir(env.project.join(".venv"))?;
        }
        let state = env.project.join("new");
        std::fs::remove_dir(env.project.join(".venv"))?;
        env.set("XDG_STATE_HOME", state.display().to_string());
        one_error(&reserved(&env).code(125), ": it lies in the project\nhint: ");
        assert!(!state.exists());
        assert_eq!(subcommands(&env), "run run run ");
        Ok(())
    },
    fn a_journal_is_read_to_a_limit() -> Outcome {
        let mut env = Env::with("README");
        let file = journal_of_killed_run(&mut env);
        let line = |name: &str| {
            format!("{{\"container\":{{\"engine\":\"podman\",\"name\":\"paude-{name}\"}}}}\n")
        };
        let text = line("early") + &"\n".repeat(1 << 20) + &line("late");
        std::fs::write(&file, std::fs::read_to_string(&file)? + &text)?;
        // Sparse: read whole, it would fill the memory.
        std::fs::File::options().write(true).open(&file)?.set_len(1 << 40)?;
        fake(&mut env, "podman", "exit 0", "exit 0");
        reserved(&env).code(0);
        let log = std::fs::read_to_string(env.root().join("log"))?;
        assert!(log.contains("-- paude-early") && !log.contains("paude-late"), "{log}");
        assert_eq!(journal(&env), "");
        Ok(())
    },
    fn what_a_full_journal_cannot_record_is_not_created() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "exit 0", "exit 0");
        let parent = vec!["d".repeat(200); 6].join("/");
        let listed = (0..800).map(|number| format!("\"{parent}/{number}\"")).collect::<Vec<_>>();
        env.write("paude.json", &format!("{{\"venv\": [{}]}}", listed.join(",")));
        one_error(&env.paude(&["--", "true"]).code(125), ": the journal is full\nhint: ");
        assert!(!env.project.join("d".repeat(200)).exists());
        assert_eq!(journal(&env), "");
        Ok(())
    },
    fn the_state_directory_may_be_a_link_but_not_the_journal() -> Outcome {
        let mut env = Env::with("README");
        std::fs::create_dir(env.root().join("elsewhere"))?;
        symlink(env.root().join("elsewhere"), env.home().join(".local"))?;
        fake(&mut env, "podman", "exit 0", "exit 0");
        reserved(&env).code(0);
        assert!(!env.project.join(".venv").exists());
        assert!(env.root().join("elsewhere/state/paude").exists());
        // A link could lead to any file of the person.
        let state = env.root().join("elsewhere/state/paude");
        let journal = std::fs::read_dir(state)?.next().unwrap()?.path();
        std::fs::remove_file(&journal)?;
        tree::write(&env.root().join("file"), "mine");
        symlink(env.root().join("file"), &journal)?;
        one_error(&reserved(&env).code(125), "no journal to record it in");
        assert_eq!(std::fs::read_to_string(env.root().join("file"))?, "mine");
        Ok(())
    }
);

trials!(
    of_root,
    fn a_journal_of_another_user_is_not_obeyed() -> Outcome {
        let mut env = Env::with("README");
        let file = journal_of_killed_run(&mut env);
        std::os::unix::fs::chown(&file, Some(12345), None)?;
        let before = std::fs::read_to_string(&file)?;
        std::fs::remove_dir(env.project.join(".venv"))?;
        one_error(&reserved(&env).code(125), "not a regular file that you own");
        assert_eq!(subcommands(&env), "run ");
        assert_eq!(std::fs::read_to_string(&file)?, before);
        Ok(())
    }
);
