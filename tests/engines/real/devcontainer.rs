//! `--devcontainer` in real containers.

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::{Env, Ran};

/// `paude run --devcontainer` on this lane, with the image of the file alone.
fn run(lane: &Lane, env: &Env, script: &str) -> Ran {
    let args = ["run", "--engine", &lane.engine, "--devcontainer", "--", "/bin/sh", "-ec", script];
    env.paude(&args)
}

/// A project with this devcontainer.json, in which `IMAGE` stands for the lane's image.
fn project(lane: &Lane, text: &str) -> Env {
    let env = lane.env();
    let image = if lane.is_native() { "not-used" } else { lane.fact("image") };
    env.write(".devcontainer/devcontainer.json", &text.replace("IMAGE", image));
    lane.give(&env.project);
    env
}

parameterized!(
    Test,
    fn a_file_gives_image_environment_and_setup(lane: &Lane) -> Outcome {
        let env = project(
            lane,
            r#"{
                // What most files have.
                "image": "IMAGE",
                "containerEnv": {"A": "container", "Q": "it's \"$(id)\"", "GONE": "x"},
                "remoteEnv": {
                    "A": "remote",
                    "GONE": null,
                    "PATH": "${containerEnv:PATH}:/added place",
                    "WHERE": "${containerWorkspaceFolder}/src",
                },
                "mounts": ["source=a,target=${containerWorkspaceFolder}/.venv,type=tmpfs"],
                "onCreateCommand": {
                    "one": "cd / && echo \"$A\" >>\"${containerWorkspaceFolder}/.venv/log\"",
                    "two": ["sh", "-c", "echo \"$0\" >>.venv/log", "two  words"],
                },
                "updateContentCommand": "",
                "postCreateCommand": "echo \"${PATH##*:}\" >>.venv/log",
            }"#,
        );
        let script = "cat .venv/log; echo \"$A|$Q|${GONE-unset}|${PATH##*:}|$WHERE\"";
        let ran = run(lane, &env, script).code(0);
        let place = env.project.display();
        ran.prints(&format!(
            "remote\ntwo  words\n/added place\nremote|it's \"$(id)\"|unset|/added place|{place}/src\n"
        ));
        assert!(!env.project.join(".venv").exists());
        Ok(())
    },
    fn the_command_for_the_host_is_never_run(lane: &Lane) -> Outcome {
        let env = lane.env();
        let proof = env.root().join("home/ran");
        let inside = env.project.join("ran");
        let file = serde_json::json!({
            "image": if lane.is_native() { "not-used" } else { lane.fact("image") },
            "initializeCommand": {
                "a": format!("touch {} {}", proof.display(), inside.display()),
                "b": ["touch", proof, inside],
            },
        });
        env.write(".devcontainer.json", &file.to_string());
        lane.give(&env.project);
        let ran = run(lane, &env, "echo done").code(0);
        ran.says("`initializeCommand` is not run, because it would run on the host");
        assert!(!proof.exists() && !inside.exists());
        Ok(())
    },
    fn a_command_that_fails_skips_the_rest(lane: &Lane) -> Outcome {
        let env = project(
            lane,
            r#"{"image": "IMAGE", "onCreateCommand": "exit 9", "postCreateCommand": "touch later"}"#,
        );
        run(lane, &env, "touch command").code(9).prints("");
        assert!(!env.project.join("later").exists() && !env.project.join("command").exists());
        Ok(())
    },
);
