//! `paude init`: the file that it writes, and that a run with it works.
//!
//! The tools of PyPI are real; pixi and micromamba, which are not there, are stand-ins.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::{Env, Outcome, Ran, setup};
use crate::trials;

/// All of them; those that need what `cargo xtask test` fetches are ignored without it.
pub fn trials() -> Vec<Trial> {
    let prepared = setup()["wheels"].is_string() || std::env::var_os("CI").is_some();
    let run = that_run().into_iter().map(|trial| trial.with_ignored_flag(!prepared));
    of_the_file().into_iter().chain(run).collect()
}

fn written(env: &Env) -> Value {
    serde_json::from_str(&std::fs::read_to_string(env.project.join("paude.json")).unwrap()).unwrap()
}

fn fact(key: &str) -> String {
    setup()[key].as_str().unwrap_or_else(|| panic!("`{key}` is not prepared")).to_owned()
}

/// Runs a script with the native engine, with packages from the wheels at hand alone.
fn run(env: &Env, script: &str) -> Ran {
    let find = format!("PIP_FIND_LINKS={} {}", fact("wheels"), fact("project_tools"));
    let args = ["run", "--engine", "native", "-e", "PIP_NO_INDEX=1", "-e", &find];
    env.paude(&[&args[..], &["--", "/bin/sh", "-ec", script]].concat())
}

fn fails_without_a_trace(env: &Env, args: &[&str]) {
    let names = || std::fs::read_dir(&env.project).unwrap().count();
    let before = names();
    env.paude(args).code(2).prints("").says("`paude.json` exists already\nhint: --force");
    assert_eq!(names(), before);
}

trials!(
    of_the_file,
    fn each_lock_file_has_its_tool() -> Outcome {
        let cases = [
            ("uv.lock", ".venv", Some("ghcr.io/astral-sh/uv:python3.12-bookworm-slim"), "uv sync"),
            ("poetry.lock", ".venv", Some("docker.io/library/python:3.12-slim"), "poetry install"),
            ("pdm.lock", ".venv", Some("docker.io/library/python:3.12-slim"), "pdm sync"),
            ("Pipfile.lock", ".venv", Some("docker.io/library/python:3.12-slim"), "pipenv sync"),
            ("pixi.lock", ".pixi/envs", Some("ghcr.io/prefix-dev/pixi:latest"), "pixi install"),
            (
                "environment.yml",
                ".venv",
                Some("docker.io/mambaorg/micromamba:latest"),
                "environment.yml",
            ),
            (
                "requirements-dev.txt",
                ".venv",
                Some("docker.io/library/python:3.12-slim"),
                "requirements-dev.txt",
            ),
            ("setup.py", ".venv", Some("docker.io/library/python:3.12-slim"), "-e ."),
        ];
        for (file, place, image, setup) in cases {
            let env = Env::new();
            env.write(file, "");
            env.write(".python-version", "3.12.4\n");
            let said = env.paude(&["init"]).code(0).stdout();
            assert!(said.starts_with(&format!("wrote paude.json\n`{file}` is there: ")), "{said}");
            assert!(said.contains("`.python-version` says 3.12.4"), "{said}");
            let json = written(&env);
            assert_eq!(json["venv"], serde_json::json!(["auto", place]), "{file}");
            assert_eq!(json["image"].as_str(), image, "{file}");
            assert!(json["setup"].as_str().unwrap().contains(setup), "{json}");
            assert_eq!(json["$schema"], "paude.schema.json");
            // The keys are ones that a run accepts.
            env.paude(&["run", "--dry-run", "--engine", "podman"]).code(0);
        }
        Ok(())
    },
    fn the_first_of_the_order_is_used_and_the_others_are_named() -> Outcome {
        let env = Env::with("requirements.txt\npyproject.toml\npoetry.lock\nuv.lock");
        let said = env.paude(&["init"]).code(0).stdout();
        assert!(said.contains("`uv.lock` is there: the setup is for uv\n"), "{said}");
        assert!(said.contains("not used: `poetry.lock`, `requirements.txt`\n"), "{said}");
        assert_eq!(written(&env)["image"], "ghcr.io/astral-sh/uv:python3.13-bookworm-slim");
        Ok(())
    },
    fn a_project_without_any_of_them_gets_a_file_that_runs_too() -> Outcome {
        let env = Env::named("a PLACE with FILE, 'quotes' and $(id)");
        let said = env.paude(&["init"]).code(0).stdout();
        assert!(said.contains("there is none of uv.lock, poetry.lock, "), "{said}");
        let json = written(&env);
        assert_eq!(json["venv"], serde_json::json!(["auto", ".venv"]));
        assert!(json["setup"].is_null() && json["image"].is_null(), "{json}");
        env.paude(&["plan"]).code(0);
        Ok(())
    },
    fn an_existing_file_is_kept_unless_it_is_to_be_replaced() -> Outcome {
        let env = Env::with("uv.lock\npaude.json: \"mine\"");
        fails_without_a_trace(&env, &["init"]);
        assert_eq!(std::fs::read_to_string(env.project.join("paude.json"))?, "mine");
        env.paude(&["init", "--force"]).code(0);
        assert_eq!(written(&env)["setup"], "uv sync");
        // Nothing else was left behind.
        assert_eq!(std::fs::read_dir(&env.project)?.count(), 2);
        Ok(())
    },
    fn nothing_is_written_where_a_link_leads() -> Outcome {
        for target in ["../home/target", "nowhere"] {
            let env = Env::with(&format!("paude.json -> {target}"));
            std::fs::write(env.home().join("target"), "mine")?;
            fails_without_a_trace(&env, &["init"]);
            env.paude(&["init", "--force"]).code(0);
            assert!(!env.project.join("paude.json").is_symlink());
            assert_eq!(std::fs::read_to_string(env.home().join("target"))?, "mine");
            assert!(!env.project.join("nowhere").exists());
        }
        let env = Env::with("paude.json/");
        let said = env.paude(&["init", "--force"]).code(125).stderr();
        assert!(said.starts_with("error: cannot write `paude.json`: "), "{said}");
        assert_eq!(std::fs::read_dir(&env.project)?.count(), 1);
        Ok(())
    },
    fn a_devcontainer_json_goes_first_and_what_it_leaves_open_is_added() -> Outcome {
        let env = Env::with("requirements.txt");
        env.paude(&["init", "--from-devcontainer"]).code(2).says("there is no `.devcontainer/");
        env.write(".devcontainer.json", "{\"image\": \"x\", \"runArgs\": [\"-v\"]}");
        let said = env.paude(&["init"]).code(0).stdout();
        let gives = "it gives image, not runArgs";
        assert!(said.contains(&format!("{gives} (--from-devcontainer uses it)\n")), "{said}");
        let from = ["init", "--force", "--from-devcontainer"];
        let said = env.paude(&from).code(0).stdout();
        assert!(said.contains(&format!("`.devcontainer.json` is used: {gives}\n")), "{said}");
        let json = written(&env);
        assert_eq!(json["devcontainer"], true);
        assert!(json["image"].is_null(), "{json}");
        assert_eq!(
            json["setup"],
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
        );
        let text = r#"{"dockerComposeFile": "x.yaml", "postCreateCommand": "make", "mounts":
            ["target=${containerWorkspaceFolder}/web/node_modules,type=volume"]}"#;
        env.write(".devcontainer.json", text);
        env.paude(&from).code(0);
        let json = written(&env);
        assert_eq!(json["image"], "docker.io/library/python:3-slim");
        assert!(json["setup"].is_null(), "{json}");
        assert_eq!(json["venv"], serde_json::json!(["auto", "./web/node_modules", ".venv"]));
        env.paude(&["run", "--dry-run", "--engine", "podman"]).code(0);
        Ok(())
    },
);

/// Runs the setup of a project that this tool has locked, and that needs a wheel in the project.
fn run_with_tool(tool: &str) -> Outcome {
    let env = Env::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/init").join(tool);
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        std::fs::copy(file.path(), env.project.join(file.file_name()))?;
    }
    let wheel = "iniconfig-2.3.1-py3-none-any.whl";
    std::fs::copy(Path::new(&fact("wheels")).join(wheel), env.project.join(wheel))?;
    env.paude(&["init"]).code(0);
    let script = ".venv/bin/python -c 'import iniconfig; print(iniconfig.__file__)' >&2";
    run(&env, script).code(0).says(&format!("{}/.venv/lib/", env.project.display()));
    assert!(!env.project.join(".venv").exists());
    Ok(())
}

trials!(
    that_run,
    fn the_file_for_uv_runs() -> Outcome {
        let mut env = Env::named("it's a PLACE for FILE");
        env.write(
            "pyproject.toml",
            &format!(
                "[project]\nname = \"sample\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\
                 dependencies = [\"iniconfig\"]\n\n\
                 [tool.uv]\nno-index = true\nfind-links = [\"{}\"]\npackage = false\n",
                fact("wheels")
            ),
        );
        let uv = fact("uv");
        let path = std::env::var("PATH").unwrap_or_default();
        env.set("PATH", format!("{}:{path}", Path::new(&uv).parent().unwrap().display()));
        Ran(env.command(&uv).args(["lock", "--quiet"]).output()?).code(0);
        env.paude(&["init"]).code(0);
        run(&env, ".venv/bin/python -c 'import iniconfig; print(\"works\")'")
            .code(0)
            .prints("works\n");
        assert!(!env.project.join(".venv").exists());
        Ok(())
    },
    fn the_file_for_requirements_runs() -> Outcome {
        let env = Env::named("it's a PLACE for FILE");
        env.write("requirements $(id) FILE.txt", "iniconfig\n");
        env.paude(&["init"]).code(0);
        run(&env, ".venv/bin/python -c 'import iniconfig; print(\"works\")'")
            .code(0)
            .prints("works\n");
        assert!(!env.project.join(".venv").exists());
        Ok(())
    },
    fn the_file_for_poetry_runs() -> Outcome {
        run_with_tool("poetry")
    },
    fn the_file_for_pdm_runs() -> Outcome {
        run_with_tool("pdm")
    },
    fn the_file_for_pipenv_runs() -> Outcome {
        run_with_tool("pipenv")
    },
    fn the_files_for_tools_of_an_image_run_their_tool() -> Outcome {
        for (file, name, said, place) in [
            ("pixi.lock", "pixi", "install --locked", ".pixi"),
            (
                "environment.yml",
                "micromamba",
                "install --yes --prefix $PWD/.venv --file environment.yml",
                ".venv",
            ),
        ] {
            let mut env = Env::new();
            env.write(file, "");
            // The rest of the test's directory is not visible there.
            let bin = env.project.join("bin");
            env.install(&bin.join(name), "#!/bin/sh\necho \"$*\" >/tmp/log\n");
            env.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
            env.paude(&["init"]).code(0);
            let said = said.replace("$PWD", env.project.to_str().unwrap());
            run(&env, "cat /tmp/log").code(0).prints(&format!("{said}\n"));
            assert!(!env.project.join(place).exists());
        }
        Ok(())
    },
);
