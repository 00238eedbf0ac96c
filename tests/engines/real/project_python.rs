//! The Python that a project means, and who and where one is in the container.

use super::Test;
use super::lane::Lane;
use crate::parameterized;

parameterized!(
    Test,
    /// The image is not on this machine, so that only its name is shown.
    fn the_file_that_decided_the_image_is_named(lane: &Lane) -> Outcome {
        let env = lane.env_with(
            ".python-version: \"3.11.4\\n\"\npyproject.toml: \"[project]\\nrequires-python = '>=3.9'\\n\"",
        );
        let ran = env.paude(&["run", "--engine", &lane.engine, "--dry-run", "--", "true"]).code(0);
        match lane.is_native() {
            true => assert!(!ran.stderr().contains("image"), "{}", ran.stderr()),
            false => {
                let wanted = "Using image docker.io/library/python:3.11-slim: `.python-version` says 3.11.4\n";
                assert!(ran.stdout().contains(" docker.io/library/python:3.11-slim "));
                ran.says(wanted);
            }
        }
        Ok(())
    },
    fn python_knows_a_name_for_whoever_runs_it(lane: &Lane) -> Outcome {
        let env = lane.env_with("src/");
        let script = "import getpass; print(bool(getpass.getuser()))";
        lane.paude(&env, &["--", "python3", "-c", script]).code(0).prints("True\n");
        if lane.takes_users() && lane.name != "podman-rootless" {
            let user = ["--user", "4321:4321", "--", "python3", "-c", script];
            lane.paude(&env, &user).code(0).prints("True\n");
            let known = ["--user", "1234:1234", "--", "python3", "-c"];
            let script = "import getpass; print(getpass.getuser())";
            lane.paude(&env, &[&known[..], &[script]].concat()).code(0).prints("appuser\n");
        }
        Ok(())
    },
    fn the_time_zone_is_passed_on_and_can_be_set(lane: &Lane) -> Outcome {
        let mut env = lane.env_with("src/");
        env.set("TZ", "XYZ-5");
        lane.sh(&env, &[], "date +%z").code(0).prints("+0500\n");
        lane.sh(&env, &["-e", "TZ=ABC+3"], "date +%z").code(0).prints("-0300\n");
        Ok(())
    },
    /// The built-in engine has the variables of whoever runs it, and podman and docker do not.
    fn nothing_leads_to_an_environment_of_the_host(lane: &Lane) -> Outcome {
        let mut env = lane.env_with("src/");
        let names = [
            "VIRTUAL_ENV",
            "VIRTUAL_ENV_PROMPT",
            "CONDA_PREFIX",
            "CONDA_PREFIX_1",
            "UV_PROJECT_ENVIRONMENT",
            "POETRY_ACTIVE",
            "PIPENV_ACTIVE",
            "PYTHONHOME",
        ];
        for name in names {
            env.set(name, "/nowhere");
        }
        env.set("KEPT", "yes");
        let show = names.map(|name| format!("${{{name}-}}")).concat();
        let kept = if lane.is_native() { "yes" } else { "" };
        let script = format!("echo \"${{KEPT-}}|{show}\"");
        lane.sh(&env, &[], &script).code(0).prints(&format!("{kept}|\n"));
        Ok(())
    },
    fn the_project_may_be_named_before_the_subcommand(lane: &Lane) -> Outcome {
        let env = lane.env_with("README");
        let project = env.project.display().to_string();
        let mut args = vec!["-C".to_owned(), project];
        args.extend(lane.args());
        args.extend(["--", "ls"].map(str::to_owned));
        let mut command = env.command(crate::support::paude());
        command.args(&args).current_dir(env.root()).stdin(std::process::Stdio::null());
        crate::support::Ran(command.output()?).code(0).prints("README\n");
        Ok(())
    }
);
