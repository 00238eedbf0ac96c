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

/// Volumes of podman, which is what it makes of claims, removed at the end.
struct Volumes<'p>(&'p Project<'p>, Vec<String>);

impl Drop for Volumes<'_> {
    fn drop(&mut self) {
        for name in &self.1 {
            let _ = self.0.engine(&["volume", "rm", "--force", name]).output();
        }
    }
}

/// An export whose Pod needs no network of its own, which this user may not be able to make.
fn export(project: &Project<'_>, args: &[&str]) -> String {
    let text = project.export("kube", args);
    let (before, after) = text.split_once("shareProcessNamespace:").expect("a Pod");
    let indent = &before[before.rfind('\n').unwrap()..];
    format!("{before}hostNetwork: true{indent}shareProcessNamespace:{after}")
}

parameterized!(
    Test,
    fn a_pod_runs_with_every_environment_hidden(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let command = ["--user", "0:0", "--setup", SETUP, "--", "/bin/sh", "-c", SCRIPT];
        let text = export(&project, &command);
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
    fn claims_keep_what_is_created_in_environments(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let script = r#"for dir in .venv packages/api/.venv "a b/.venv"; do
            [ ! -e "$dir/pyvenv.cfg" ] || echo open
            [ ! -e "$dir/kept" ] || echo kept
            cp /bin/true "$dir/kept" && "$dir/kept" || echo unusable
        done"#;
        let command = ["--user", "0:0", "--storage", "volume", "--", "/bin/sh", "-c", script];
        let text = export(&project, &command);
        let claims = text.split("claimName: \"").skip(1);
        let claims: Vec<_> =
            claims.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        assert_eq!(claims.len(), 3);
        let _volumes = Volumes(&project, claims);
        assert_eq!(Played::new(&project, &text).end(), (0, String::new()));
        // podman 4.3, unlike a cluster, refuses to make a claim that exists.
        let is_claim = |object: &&str| object.contains("kind: \"PersistentVolumeClaim\"");
        let others: Vec<_> = text.split("---\n").filter(|object| !is_claim(object)).collect();
        let again = others.join("---\n");
        let kept = "kept\n".repeat(3);
        assert_eq!(Played::new(&project, &again).end(), (0, kept));
        project.assert_unchanged(&[""]);
        Ok(())
    },
    fn a_project_in_a_claim_is_used_in_its_place(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let name = format!("paude-test-{}-{}", lane.name, std::process::id());
        let volumes = Volumes(&project, vec![name]);
        let name = &volumes.1[0];
        let in_volume = |script: &str| {
            let volume = format!("{name}:/claim");
            let place = format!("{0}:{0}:ro", project.env.project.display());
            let image = lane.fact("image");
            let args =
                ["run", "--rm", "-v", &volume, "-v", &place, image, "/bin/sh", "-ec", script];
            Ran(project.engine(&args).output().unwrap()).code(0).stdout()
        };
        in_volume(&format!("cp -R {}/. /claim", project.env.project.display()));
        let command = ["--user", "0:0", "--claim", name, "--setup", SETUP];
        let text = export(&project, &[&command[..], &["--", "/bin/sh", "-c", SCRIPT]].concat());
        assert_eq!(Played::new(&project, &text).end(), (7, String::new()));
        assert_eq!(in_volume("cat /claim/out"), super::PROVEN);
        assert_eq!(in_volume("ls /claim/.venv"), "bin\npyvenv.cfg\n");
        project.assert_unchanged(&[""]);
        Ok(())
    },
);
