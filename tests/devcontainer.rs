//! `--devcontainer`: which file is used, what wins over it, and what is refused. What each file
//! gives is compared with golden files in `host/src/devcontainer/tests.rs`.

pub mod reference;

use crate::support::{Env, Ran, tree};
use crate::trials;

const FILE: &str = ".devcontainer/devcontainer.json";

/// A project whose devcontainer.json is this text.
fn project(text: &str) -> Env {
    let env = Env::new();
    env.write(FILE, text);
    env
}

/// The words of the command that a run would start.
fn words(env: &Env, args: &[&str]) -> Vec<String> {
    let ran = env.paude(&[&["run", "--dry-run", "--engine", "podman"], args].concat()).code(0);
    shlex::split(&ran.stdout()).unwrap()
}

/// The values of the option `--env`.
fn variables(words: &[String]) -> Vec<&str> {
    let pairs = words.windows(2).filter(|pair| pair[0] == "--env");
    pairs.map(|pair| pair[1].as_str()).collect()
}

fn doctor(env: &Env) -> Ran {
    env.paude(&["doctor", "--no-run"])
}

trials!(
    fn it_is_used_only_if_a_setting_says_so() -> Outcome {
        let env = project("{\"image\": \"from-file\"}");
        let uses = |args: &[&str]| words(&env, args).contains(&"from-file".to_owned());
        assert!(!uses(&[]));
        assert!(uses(&["--devcontainer"]));
        assert!(uses(&["--devcontainer", FILE]));
        env.write("paude.json", "{\"devcontainer\": true}");
        assert!(uses(&[]));
        env.write("paude.json", "{\"devcontainer\": false}");
        assert!(!uses(&[]));
        env.write("paude.json", &format!("{{\"devcontainer\": \"{FILE}\"}}"));
        assert!(uses(&[]));
        env.write("paude.json", "{}");
        tree::write(&env.home().join(".config/paude/config.json"), "{\"devcontainer\": true}");
        assert!(uses(&[]));
        env.write("paude.json", "{\"devcontainer\": false}");
        assert!(!uses(&[]));
        Ok(())
    },
    fn a_file_that_is_asked_for_has_to_be_there() -> Outcome {
        let env = Env::new();
        let missing = "there is no `.devcontainer/devcontainer.json` and no `.devcontainer.json`";
        env.paude(&["plan", "--devcontainer"]).code(2).says(missing);
        env.paude(&["plan", "--devcontainer", "x.json"]).code(2).says("there is no `x.json`");
        for outside in ["/etc/x.json", "../x.json"] {
            let ran = env.paude(&["plan", "--devcontainer", outside]).code(2);
            ran.says("hint: name a file inside the project");
        }
        // The user's file is about all projects, also those without one.
        tree::write(&env.home().join(".config/paude/config.json"), "{\"devcontainer\": true}");
        env.paude(&["plan"]).code(0);
        env.write("paude.json", "{\"devcontainer\": true}");
        env.paude(&["plan"]).code(2).says(missing);
        Ok(())
    },
    fn one_of_several_has_to_be_named() -> Outcome {
        let env = Env::new();
        env.write(".devcontainer/cpu/devcontainer.json", "{\"image\": \"cpu\"}");
        env.write(".devcontainer/gpu/devcontainer.json", "{\"image\": \"gpu\"}");
        let ran = env.paude(&["plan", "--devcontainer"]).code(2);
        ran.says("`.devcontainer/cpu/devcontainer.json`, `.devcontainer/gpu/devcontainer.json`");
        let args = ["--devcontainer", ".devcontainer/gpu/devcontainer.json"];
        assert!(words(&env, &args).contains(&"gpu".to_owned()));
        Ok(())
    },
    fn paude_json_wins_key_by_key() -> Outcome {
        let env = project(
            r#"{
                "image": "from-file",
                "containerEnv": {"A": "file", "B": "file", "C": "file"},
                "remoteEnv": {"L": "${containerEnv:PATH}:file", "M": "${containerEnv:PATH}"},
                "postCreateCommand": "setup from file",
                "mounts": ["target=${containerWorkspaceFolder}/made,type=volume"]
            }"#,
        );
        tree::write(
            &env.home().join(".config/paude/config.json"),
            r#"{"image": "user", "setup": "user", "env": {"A": "user", "D": "user"}, "cache": false}"#,
        );
        let all = words(&env, &["--devcontainer"]);
        assert!(
            all.contains(&"from-file".to_owned()) && all.contains(&"setup from file".to_owned())
        );
        assert_eq!(variables(&all), ["A=user", "D=user", "A=file", "B=file", "C=file"]);
        let script = "paude_0=\"${PATH-}\":file; paude_1=\"${PATH-}\"; ";
        assert!(all.iter().any(|word| word.starts_with(script)), "{all:?}");
        let volume = all.iter().any(|word| word.contains("type=volume"));
        assert!(volume && all.iter().any(|word| word.contains("/made\"")), "{all:?}");

        let own = r#"{"setup": "own", "env": {"B": "own", "L": "own"}, "storage": "tmpfs"}"#;
        env.write("paude.json", own);
        let all = words(&env, &["--devcontainer", "-e", "C=typed", "-e", "M=typed"]);
        assert!(all.contains(&"from-file".to_owned()) && all.contains(&"own".to_owned()));
        let own = ["A=user", "D=user", "A=file", "B=file", "C=file", "B=own", "L=own"];
        assert_eq!(variables(&all), [&own[..], &["C=typed", "M=typed"]].concat());
        assert!(!all.iter().any(|word| word.starts_with("paude_0=")), "{all:?}");
        assert!(!all.iter().any(|word| word.contains("type=volume")), "{all:?}");
        Ok(())
    },
    fn an_image_is_built_from_the_dockerfile_that_it_names() -> Outcome {
        let env = project("{\"build\": {\"dockerfile\": \"Dockerfile\", \"context\": \"..\"}}");
        env.paude(&["plan", "--devcontainer"]).code(0);
        let run = ["run", "--dry-run", "--devcontainer", "--engine"];
        let podman = || env.paude(&[&run[..], &["podman"]].concat());
        podman().code(2).says("there is no `.devcontainer/Dockerfile` to build from");
        env.write(".devcontainer/Dockerfile", "FROM debian:13\n");
        let ran = podman().code(0);
        assert!(ran.stdout().contains(" localhost/paude-"), "{}", ran.stdout());
        ran.says(": built from `.devcontainer/Dockerfile`\n");
        env.paude(&[&run[..], &["podman", "--image", "built"]].concat()).code(0);
        let native = env.paude(&[&run[..], &["native"]].concat()).code(0);
        native.says("`build` and `packages` are not used: the native engine has no image");
        Ok(())
    },
    fn a_compose_file_is_refused_unless_an_image_is_named() -> Outcome {
        let env = project("{\"dockerComposeFile\": \"compose.yaml\", \"service\": \"web\"}");
        let ran = env.paude(&["plan", "--devcontainer"]).code(2);
        ran.says(
            "`dockerComposeFile` is not supported\nhint: name the image of the service: --image",
        );
        let all = words(&env, &["--devcontainer", "--image", "web:1"]);
        assert!(all.contains(&"web:1".to_owned()));
        Ok(())
    },
    fn plan_and_doctor_say_in_one_line_what_an_unused_file_would_give() -> Outcome {
        let env = project(
            r#"{"image": "x", "features": {"a": {}}, "remoteUser": "vscode", "postCreateCommand": "y"}"#,
        );
        let said = "`.devcontainer/devcontainer.json` is there and not used: it gives image, \
                    setup, not features, remoteUser";
        let ran = env.paude(&["plan"]).code(0);
        let lines = ran.stderr();
        assert_eq!(lines.matches("devcontainer").count(), 3, "{lines}");
        ran.says(&format!("note: {said} (--devcontainer uses it)\n"));
        assert!(doctor(&env).stdout().contains(&format!("! devcontainer: {said}\n")));
        for args in [&["plan", "--devcontainer"][..], &["run", "--dry-run", "--engine", "podman"]] {
            let stderr = env.paude(args).code(0).stderr();
            assert!(!stderr.contains("is there and not used"), "{stderr}");
        }
        env.write("paude.json", "{\"devcontainer\": false}");
        assert_eq!(env.paude(&["plan"]).code(0).stderr(), "");
        env.write("paude.json", "{}");
        env.write(FILE, "{\n\"image\" 3}");
        env.paude(&["plan"]).code(0).says("not used: .devcontainer/devcontainer.json:2:");
        Ok(())
    },
    fn each_warning_is_printed_once() -> Outcome {
        let env = project(
            r#"{"image": "x", "features": {"ghcr.io/a/uv:1": {}}, "runArgs": ["--privileged"],
                "containerEnv": {"A": "${localEnv:TOKEN}", "B": "${localEnv:TOKEN}"}}"#,
        );
        let ran = env.paude(&["plan", "--devcontainer"]).code(0);
        let stderr = ran.stderr();
        for (text, count) in [("`features`", 1), ("`runArgs`", 1), ("`${localEnv:TOKEN}`", 1)] {
            assert_eq!(stderr.matches(text).count(), count, "{text}: {stderr}");
        }
        ran.says("are not installed (ghcr.io/a/uv:1); `devcontainer build --workspace-folder .");
        assert!(!words(&env, &["--devcontainer"]).contains(&"--privileged".to_owned()));
        Ok(())
    },
    fn no_variable_of_the_host_gets_into_the_container() -> Outcome {
        let mut env = project(
            r#"{"image": "x", "containerEnv": {"A": "<${localEnv:SECRET}${env:SECRET}>"},
                "postCreateCommand": "echo ${localEnv:SECRET}"}"#,
        );
        env.set("SECRET", "s3cret");
        let all = words(&env, &["--devcontainer"]);
        assert!(!all.iter().any(|word| word.contains("s3cret")), "{all:?}");
        assert_eq!(variables(&all), ["A=<>"]);
        Ok(())
    },
    fn variables_of_the_container_need_the_guard() -> Outcome {
        let env = project("{\"image\": \"x\", \"remoteEnv\": {\"P\": \"${containerEnv:PATH}\"}}");
        let args = ["--dry-run", "--devcontainer", "--engine", "podman", "--no-guard", "--", "x"];
        env.paude(&args).code(2).says("cannot be combined with --no-guard");
        Ok(())
    }
);
