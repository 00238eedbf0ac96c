//! The built-in policies for other ecosystems than Python.

use super::Test;
use super::lane::Lane;
use super::shadow::IS_SHADOW;
use super::up::remove_volumes;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};

parameterized!(
    Test,
    /// npm itself is on no image of the tests: a program of the container stands for a package's.
    fn node_modules_of_the_host_is_hidden_and_the_containers_is_on_no_host(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            ".venv/pyvenv.cfg
            package.json: \"{\\\"dependencies\\\": {\\\"esbuild\\\": \\\"1\\\"}}\"
            node_modules/esbuild/bin
            web/package.json: \"{\\\"workspaces\\\": [\\\"a\\\"]}\"",
        );
        lane.give(&env.project);
        let before = snapshot(&env.project.join("node_modules"));
        let policies = ["--policy", "python", "--policy", "node"];
        let script = format!(
            "for d in .venv node_modules web/node_modules; do {IS_SHADOW}; done
            mkdir node_modules/esbuild; cp /bin/true node_modules/esbuild/bin
            node_modules/esbuild/bin
            mkdir -p node_modules/.bin .venv/bin
            for d in node_modules/.bin .venv/bin; do cp /bin/true $d/both; done
            cp /bin/true node_modules/.bin/one
            one; command -v one; command -v both"
        );
        let said = lane.sh(&env, &policies, &script).code(0).stdout();
        let project = env.project.display();
        let wanted = format!("{project}/node_modules/.bin/one\n{project}/.venv/bin/both\n");
        assert_eq!(said, wanted);
        assert_unchanged(&env.project.join("node_modules"), &before);
        assert!(!env.project.join("web/node_modules").exists());
        Ok(())
    },
    fn storage_is_chosen_by_policy(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            ".venv/pyvenv.cfg
            package.json: \"{\\\"dependencies\\\": {\\\"esbuild\\\": \\\"1\\\"}}\"",
        );
        lane.give(&env.project);
        let setup = "echo >>ran; mkdir -p node_modules/made .venv/made";
        let settings = serde_json::json!({
            "policy": ["python", "node"],
            "storage": {"default": "tmpfs", "node": "volume"},
            "setup": setup,
        });
        env.write("paude.json", &settings.to_string());
        // The volume is first in the order of mounts, and last in that of names.
        let kept = "ls -A .venv node_modules; touch .venv/mine node_modules/mine";
        let first = ".venv:\nmade\n\nnode_modules:\nmade\n";
        let later = ".venv:\nmade\n\nnode_modules:\nmade\nmine\n";
        for wanted in [first, later, later] {
            lane.sh(&env, &[], kept).code(0).prints(wanted);
        }
        let ran = std::fs::read_to_string(env.project.join("ran"))?;
        assert_eq!(ran.lines().count(), 3, "what is in memory needs the setup each time");
        assert!(!env.project.join("node_modules").exists());
        // The option is for all of them: the setup runs once, and begins with empty volumes.
        for _ in 0..2 {
            lane.sh(&env, &["--storage", "volume"], "ls -A node_modules").code(0).prints("made\n");
        }
        let ran = std::fs::read_to_string(env.project.join("ran"))?;
        assert_eq!(ran.lines().count(), 4);
        remove_volumes(&env);
        Ok(())
    },
    fn targets_of_cargo_are_hidden_where_they_are_configured(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            "Cargo.toml: \"[workspace]\\n\"
            .cargo/config.toml: \"[build]\\ntarget-dir = 'build/cargo'\\n\"
            build/cargo/debug/app
            build/notes",
        );
        lane.give(&env.project);
        let before = snapshot(&env.project.join("build/cargo"));
        let script = format!("d=build/cargo; {IS_SHADOW}; test -e build/notes");
        lane.sh(&env, &["--policy", "rust"], &script).code(0);
        assert_unchanged(&env.project.join("build/cargo"), &before);
        Ok(())
    },
);
