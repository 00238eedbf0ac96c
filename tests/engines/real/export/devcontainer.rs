//! `devcontainer up` and `exec` of `paude export devcontainer`.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use super::super::Test;
use super::{Lane, Project, SCRIPT, SETUP};
use crate::parameterized;
use crate::support::{Ran, export_tools};

/// What the CLI made of a file, removed at the end.
struct Opened<'p> {
    project: &'p Project<'p>,
    file: PathBuf,
}

impl<'p> Opened<'p> {
    fn new(project: &'p Project<'p>, text: &str) -> Self {
        Self { project, file: project.write("dev/devcontainer.json", text) }
    }

    fn run(&self, action: &str, words: &[&str]) -> Ran {
        let env = &self.project.env;
        let program = export_tools::find("devcontainer_cli").unwrap();
        let mut command = env.command("node");
        // Where node is, which a lane need not know.
        command.env("PATH", std::env::var_os("PATH").unwrap());
        command.arg(program).arg(action).arg("--workspace-folder").arg(&env.project);
        command.arg("--config").arg(&self.file).args(words);
        // It leaves files there.
        command.env("TMPDIR", env.home()).stdin(Stdio::null());
        Ran(command.output().unwrap())
    }

    /// `devcontainer up`, with the object that it prints.
    fn up(&self) -> (i32, Value) {
        let ran = self.run("up", &[]);
        let value = serde_json::from_str(&ran.stdout());
        (ran.exit_code().unwrap(), value.unwrap_or_else(|_| panic!("{}", ran.stderr())))
    }

    fn containers(&self) -> String {
        let label = format!("label=devcontainer.config_file={}", self.file.display());
        let args = ["ps", "--all", "--quiet", "--filter", &label];
        let output = self.project.engine(&args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        for id in self.containers().lines() {
            let mounts = "{{range .Mounts}}{{.Name}} {{end}}";
            let inspected = self.project.engine(&["inspect", "--format", mounts, id]).output();
            let volumes = inspected.map(|output| output.stdout).unwrap_or_default();
            let _ = self.project.engine(&["rm", "--force", id]).output();
            let volumes = String::from_utf8_lossy(&volumes);
            let words: Vec<_> =
                ["volume", "rm"].into_iter().chain(volumes.split_whitespace()).collect();
            let _ = self.project.engine(&words).output();
        }
    }
}

parameterized!(
    Test,
    fn a_container_opens_with_every_environment_hidden(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let text = project.export("devcontainer", &["--network", "none", "--setup", SETUP]);
        {
            let opened = Opened::new(&project, &text);
            let (code, said) = opened.up();
            assert_eq!((code, &said["outcome"]), (0, &"success".into()), "{said}");
            let _ = opened.run("exec", &["/bin/sh", "-c", SCRIPT]).code(7);
            project.assert_proven();
        }
        let mut document: Value = serde_json::from_str(&without_comments(&text))?;
        let arguments = document["runArgs"].as_array_mut().expect("arguments");
        let first = arguments.iter().position(|word| word == "--mount").expect("a mount");
        arguments.drain(first..first + 2);
        let opened = Opened::new(&project, &document.to_string());
        let (code, said) = opened.up();
        assert_eq!((code, &said["outcome"]), (1, &"error".into()), "{said}");
        assert!(said.to_string().contains("120"), "{said}");
        project.assert_unchanged(&[""]);
        Ok(())
    },
);

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("//")).collect()
}
