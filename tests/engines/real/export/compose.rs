//! Compose files of `paude export compose`, with `docker compose` of three releases of Debian: 1.29,
//! 2.26 and whatever sid has.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::super::Test;
use super::{Lane, Project, SCRIPT, SETUP, without_lines};
use crate::parameterized;
use crate::support::{Checked, Outcome, Ran, export_tools, wait_for};

/// podman-compose, as root and as a plain user.
pub(super) const PODMAN_COMPOSE: &[(&str, Test)] =
    &[("a_service_runs_with_every_environment_hidden", a_service_runs)];

/// `docker compose`, as the client of podman's service.
pub(super) const PODMAN_SERVICE: &[(&str, Test)] = PODMAN_COMPOSE;

/// 1.29, the last one that was written in Python. It refuses one option of a file, and runs it
/// without.
const COMPOSE_1: &str = "compose-bookworm";

/// What a tool made of a file, removed at the end.
struct Composed<'p> {
    project: &'p Project<'p>,
    file: PathBuf,
}

impl<'p> Composed<'p> {
    fn new(project: &'p Project<'p>, text: &str) -> Self {
        let composed = Self { project, file: project.write("compose.yaml", text) };
        if project.lane.tool == Some(COMPOSE_1) {
            let refused = composed.run(&["true"]).code(1);
            refused.says("contains unsupported option: 'create_host_path'\n");
            project.write("compose.yaml", &without_lines(text, "        bind:", 2));
        }
        composed
    }

    /// The lane's tool with these arguments.
    fn command(&self, args: &[&str]) -> Command {
        let (env, lane) = (&self.project.env, self.project.lane);
        let tool = lane.tool.unwrap();
        let mut command = match tool {
            "podman-compose" => {
                export_tools::python_module(env, &modules(self.project), "podman_compose")
            }
            COMPOSE_1 => {
                let modules = export_tools::find(tool).unwrap();
                export_tools::python_module(env, &modules, "compose")
            }
            _ => env.command(export_tools::find(tool).unwrap()),
        };
        if lane.name == "podman-remote" {
            command.env("DOCKER_HOST", lane.variable("CONTAINER_HOST"));
        }
        command.stdin(Stdio::null()).arg("--file").arg(&self.file).args(args);
        // Root in a container of rootless podman is the lane's user.
        command.env("PAUDE_USER", "0:0");
        command
    }

    /// Runs a command in a container of the service.
    fn run(&self, words: &[&str]) -> Ran {
        let args = [&["run", "--rm", "-T", "paude"], words].concat();
        Ran(self.command(&args).output().unwrap())
    }

    /// Runs the script that proves everything. The service of podman 4.3 loses the code that it
    /// ends with.
    #[track_caller]
    fn run_to_code(&self, code: i32) -> Checked {
        let ran = self.run(&["/bin/sh", "-c", SCRIPT]);
        let is_lost = self.project.lane.name == "podman-remote" && ran.exit_code() == Some(0);
        ran.code(if is_lost { 0 } else { code })
    }
}

impl Drop for Composed<'_> {
    fn drop(&mut self) {
        let _ = self.command(&["down", "--volumes"]).output();
    }
}

/// The folder with podman-compose, where the lane's user can read it.
fn modules(project: &Project<'_>) -> PathBuf {
    let copy = project.env.root().join("modules");
    if !copy.exists() {
        let folder = export_tools::find("podman-compose").unwrap();
        let status = Command::new("cp").arg("-R").arg(folder).arg(&copy).status();
        assert!(status.unwrap().success());
        project.lane.give(&copy);
    }
    copy
}

fn a_service_runs(lane: &Lane) -> Outcome {
    let project = Project::new(lane);
    let text = project.export("compose", &["--network", "none", "--setup", SETUP]);
    {
        let composed = Composed::new(&project, &text);
        // Once more: nothing of the first run is left in its environments.
        for _ in 0..2 {
            let _ = composed.run_to_code(7);
            project.assert_proven();
        }
    }
    let composed = Composed::new(&project, &without_lines(&text, "      - type: \"volume\"", 5));
    let place = project.first_environment();
    composed.run_to_code(120).says(&format!("guard: `{place}` is not hidden: nothing is mounted"));
    project.assert_unchanged(&[""]);
    Ok(())
}

parameterized!(
    Test,
    DOCKER_COMPOSE,
    fn a_service_runs_with_every_environment_hidden(lane: &Lane) -> Outcome {
        a_service_runs(lane)
    },
    /// docker creates the volumes for root.
    fn environments_that_last_belong_to_every_user(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let options = ["--network", "none", "--storage", "volume", "--user", "1234:1234"];
        let text = project.export("compose", &options);
        let text = text.replace("${PAUDE_USER:-1234:1234}", "1234:1234");
        let composed = Composed::new(&project, &text);
        let script =
            "for dir in .venv packages/api/.venv; do ls -A $dir; echo $(id -u) >>$dir/kept; done";
        composed.run(&["/bin/sh", "-ec", script]).prints("");
        composed.run(&["/bin/sh", "-ec", script]).prints("kept\nkept\n");
        project.assert_unchanged(&[]);
        Ok(())
    },
    /// An init process passes the signal on, which a first process would ignore.
    fn a_service_ends_when_it_is_told_to(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let script = "touch started; exec sleep 600";
        let command = ["--network", "none", "--", "/bin/sh", "-c", script];
        let text = project.export("compose", &command);
        let composed = Composed::new(&project, &text);
        let _ = Ran(composed.command(&["up", "--detach"]).output()?).code(0);
        // Earlier, the signal could meet an init process that does not expect it yet.
        wait_for("the command does not start", 60, || project.env.project.join("started").exists());
        let _ = Ran(composed.command(&["stop", "--timeout", "60"]).output()?).code(0);
        let listed = Ran(composed.command(&["ps", "--all", "--quiet"]).output()?).code(0).stdout();
        let args = ["inspect", "--format", "{{.State.ExitCode}}", listed.trim()];
        Ran(project.engine(&args).output()?).prints("143\n");
        Ok(())
    },
);
