//! Files of `paude export`, carried out by the tools that they are for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{Snapshot, assert_unchanged, changes, snapshot};
use crate::support::{Env, Ran, tree, wait_for};

/// Two environments with something in them that a copy would show.
const TREE: &str = ".venv/pyvenv.cfg: \"version = 3.11.2\\n\"\n.venv/bin/python\n\
                    packages/api/.venv/pyvenv.cfg\n\"a b/.venv/pyvenv.cfg\"";

/// What the command prints if each environment is empty but for what the setup made, writable
/// and executable. It ends with code 7.
const PROVEN: &str = "set=$(date +%%)$ setup kept\n.venv: empty executable\n\
                      packages/api/.venv: empty executable\na b/.venv: empty executable\n";

const SETUP: &str = "touch .venv/by-setup";

/// Reports into the project what the container sees.
const SCRIPT: &str = r#"
    report() { printf '%s' "$*"; }
    {
      [ -e .venv/by-setup ] && report "set=$ODD setup kept" && echo
      rm .venv/by-setup
      for dir in .venv packages/api/.venv "a b/.venv"; do
        report "$dir:"
        [ -z "$(ls -A "$dir")" ] && report " empty"
        cp /bin/true "$dir/t" && "$dir/t" && report " executable"
        echo
      done
    } >out.part
    mv out.part out
    exit 7"#;

/// What a test exports and how the container that follows is watched.
struct Project<'l> {
    lane: &'l Lane,
    env: Env,
    before: Snapshot,
}

impl<'l> Project<'l> {
    fn new(lane: &'l Lane) -> Self {
        let env = lane.env_with(TREE);
        let before = snapshot(&env.project);
        Self { lane, env, before }
    }

    /// The text of an export with these arguments.
    fn export(&self, format: &str, more: &[&str]) -> String {
        let options = ["--image", self.lane.fact("image"), "-e", "ODD=$(date +%%)$"];
        let words = [&["export", format][..], &options, more].concat();
        self.env.paude(&words).code(0).stdout()
    }

    /// Writes an export beside the project, where the engine's user can read it.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.env.root().join(name);
        std::fs::write(&file, text).unwrap();
        self.lane.give(&file);
        file
    }

    /// Fails unless the command proved everything, and nothing of the host changed.
    #[track_caller]
    fn assert_proven(&self) {
        let out = std::fs::read_to_string(self.env.project.join("out")).unwrap_or_default();
        assert_eq!(out, PROVEN);
        self.assert_unchanged(&["", "out"]);
        std::fs::remove_file(self.env.project.join("out")).unwrap();
    }

    /// Fails if anything but these entries of the project changed.
    #[track_caller]
    fn assert_unchanged(&self, but: &[&str]) {
        let mut changed = changes(&self.env.project, &self.before);
        changed.retain(|path| !but.iter().any(|but| path == Path::new(but)));
        assert!(changed.is_empty(), "{changed:#?}");
    }

    fn engine<A: AsRef<std::ffi::OsStr>>(&self, args: &[A]) -> Command {
        let mut command = self.env.command(&self.lane.engine);
        command.args(args).stdin(Stdio::null());
        command
    }
}

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

/// Removes the first shadow from the mounts of a Pod.
fn without_first_shadow(text: &str) -> String {
    let mounts = text.find("volumeMounts:").expect("mounts");
    let start = mounts + text[mounts..].find("        - name: \"paude-").expect("a shadow");
    let mut lines = text[start..].split_inclusive('\n');
    let length: usize = lines.by_ref().take(2).map(str::len).sum();
    format!("{}{}", &text[..start], &text[start + length..])
}

/// The arguments of podman that the generator makes of a unit (podman-systemd.unit(5)), as
/// systemd passes them on.
fn podman_run(unit: &str) -> Vec<String> {
    let words_of = |key: &str| {
        let lines = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        lines.flat_map(systemd_words).collect::<Vec<_>>()
    };
    assert!(unit.contains("\nRunInit=true\n"));
    let mut args: Vec<String> = ["run", "--rm", "--init"].map(str::to_owned).into();
    for word in words_of("Environment") {
        args.extend(["--env".to_owned(), word]);
    }
    let networks = unit.lines().filter_map(|line| line.strip_prefix("Network="));
    args.extend(networks.map(|network| format!("--network={network}")));
    args.extend(words_of("PodmanArgs"));
    let image = unit.lines().find_map(|line| line.strip_prefix("Image=")).expect("an image");
    args.push(image.to_owned());
    args.extend(words_of("Exec"));
    args
}

/// The words of a line in which each is quoted (systemd.syntax(7)).
fn systemd_words(line: &str) -> Vec<String> {
    let (mut words, mut chars) = (Vec::new(), line.chars());
    while let Some(start) = chars.next() {
        if start == ' ' {
            continue;
        }
        assert_eq!(start, '"', "{line}");
        let mut word = String::new();
        loop {
            match chars.next().expect("a closing quote") {
                '"' => break,
                '\\' => word.push(match chars.next().expect("an escaped character") {
                    'n' => '\n',
                    't' => '\t',
                    c => c,
                }),
                c @ ('%' | '$') => {
                    assert_eq!(chars.next(), Some(c), "{line}");
                    word.push(c);
                }
                c => word.push(c),
            }
        }
        words.push(word);
    }
    words
}

parameterized!(
    Test,
    fn kube_play_runs_a_pod_with_every_environment_hidden(lane: &Lane) -> Outcome {
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
        let played = Played::new(&project, &without_first_shadow(&text));
        let (code, logs) = played.end();
        assert_eq!(code, 120, "{logs}");
        assert!(logs.contains("/.venv` is not hidden: nothing is mounted over it"), "{logs}");
        project.assert_unchanged(&[""]);
        Ok(())
    },
    /// Without systemd: the words of the unit are put together as podman's generator does.
    fn a_unit_of_quadlet_runs_with_every_environment_hidden(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let text = project.export("quadlet", &["--setup", SETUP, "--", "/bin/sh", "-c", SCRIPT]);
        let run = |unit: &str| Ran(project.engine(&podman_run(unit)).output().unwrap());
        assert_eq!(run(&text).code(7).stderr(), "");
        project.assert_proven();
        let shadow = text.find("PodmanArgs=\"--mount\" \"type=tmpfs").expect("a shadow");
        let length = text[shadow..].find('\n').unwrap() + 1;
        let without = format!("{}{}", &text[..shadow], &text[shadow + length..]);
        let place = project.env.project.join(".venv").display().to_string();
        run(&without)
            .code(120)
            .says(&format!("guard: `{place}` is not hidden: nothing is mounted"));
        project.assert_unchanged(&[""]);
        Ok(())
    },
    fn a_unit_shares_further_directories_and_takes_the_network_away(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let shared = project.env.root().join("shared");
        tree::make(&shared, "lib.py: \"value = 7\\n\"\n.venv/pyvenv.cfg");
        lane.give(&shared);
        let before = snapshot(&shared);
        let script =
            "cd ../shared; cat lib.py; ls -A .venv; cp /bin/true .venv/t; .venv/t && echo runs
            (echo >new) 2>/dev/null || echo read-only
            wc -l </proc/net/route"; // the head of the table
        let options = ["--with", "../shared:ro", "--network", "none"];
        let text =
            project.export("quadlet", &[&options[..], &["--", "/bin/sh", "-c", script]].concat());
        let run = |unit: &str| Ran(project.engine(&podman_run(unit)).output().unwrap());
        assert_eq!(run(&text).prints("value = 7\nruns\nread-only\n1\n").stderr(), "");
        let writable = text.replace(",readonly\"", "\"");
        assert_ne!(writable, text);
        run(&writable).code(120).says("is writable here, or a mount in it is");
        assert_unchanged(&shared, &before);
        Ok(())
    },
);
