//! `podman kube play` of `paude export kube`.

use std::path::PathBuf;

use serde_json::Value;

use super::super::Test;
use super::{Lane, Project, SCRIPT, SETUP, without_lines};
use crate::parameterized;
use crate::support::{Ran, wait_for};

/// Objects that `podman kube play` made of a file, removed at the end.
struct Played<'p> {
    project: &'p Project<'p>,
    file: PathBuf,
    name: String,
}

impl<'p> Played<'p> {
    fn new(project: &'p Project<'p>, text: &str) -> Self {
        let start = text.find("name: \"paude-").expect("a name") + "name: \"".len();
        let name = text[start..].split('"').next().unwrap().to_owned();
        let played = Self { project, file: project.write("pod.yaml", text), name };
        let file = played.file.to_str().unwrap();
        let _ = Ran(project.engine(&["kube", "play", file]).output().unwrap()).code(0);
        played
    }

    /// The exit code and the output of the container, when it has ended.
    fn end(&self) -> (i64, String) {
        let container = format!("{}-paude", self.name);
        let state = || {
            let args = ["inspect", "--format", "{{json .State}}", &container];
            let output = self.project.engine(&args).output().unwrap().stdout;
            serde_json::from_slice::<Value>(&output).unwrap_or_default()
        };
        // podman 4.3 calls it stopped in a Pod.
        let has_ended = || ["exited", "stopped"].iter().any(|end| state()["Status"] == *end);
        wait_for("the container does not end", 60, has_ended);
        let logs = self.project.engine(&["logs", &container]).output().unwrap();
        let logs = [logs.stdout, logs.stderr].concat();
        (state()["ExitCode"].as_i64().unwrap(), String::from_utf8(logs).unwrap())
    }
}

impl Drop for Played<'_> {
    fn drop(&mut self) {
        let file = self.file.to_str().unwrap_or_default();
        let _ = self.project.engine(&["kube", "down", file]).output();
        // podman 4.3 leaves the volume of the ConfigMap.
        let _ = self.project.engine(&["volume", "rm", "--force", &self.name]).output();
    }
}

parameterized!(
    Test,
    fn a_pod_runs_with_every_environment_hidden(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let command = ["--user", "0:0", "--setup", SETUP, "--", "/bin/sh", "-c", SCRIPT];
        // No network of its own, which this user may not be able to make.
        let text = project.export("kube", &command);
        let text = text.replace("spec:\n", "spec:\n  hostNetwork: true\n");
        {
            let played = Played::new(&project, &text);
            assert_eq!(played.end(), (7, String::new()));
            project.assert_proven();
        }
        // Once more: nothing of the first Pod is left in its environments.
        {
            let played = Played::new(&project, &text);
            assert_eq!(played.end(), (7, String::new()));
            project.assert_proven();
        }
        let without = without_lines(&text, "        - name: \"paude-", 2);
        let played = Played::new(&project, &without);
        let (code, logs) = played.end();
        assert_eq!(code, 120, "{logs}");
        let place = project.first_environment();
        let said = format!("`{place}` is not hidden: nothing is mounted over it");
        assert!(logs.contains(&said), "{logs}");
        project.assert_unchanged(&[""]);
        Ok(())
    },
);
