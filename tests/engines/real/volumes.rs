//! `--storage volume`: environments that outlive their container.

use std::process::Stdio;

use super::Test;
use super::isolation::UV_PROJECT;
use super::lane::Lane;
use crate::parameterized;
use crate::support::{Env, Ran, paude, wait_for};

const VENV: &str = ".venv/pyvenv.cfg: \"home = /usr/bin\\n\"\n.venv/host";
/// A setup that writes a line into the project each time it runs.
const SETUP: &str = "echo >>ran; cp /bin/true .venv/made";

/// A project whose volumes are removed when it is dropped.
struct Project<'l> {
    lane: &'l Lane,
    env: Env,
}

impl<'l> Project<'l> {
    fn new(lane: &'l Lane) -> Self {
        Self { lane, env: lane.env_with(VENV) }
    }

    fn run(&self, setup: &str, script: &str) -> Ran {
        let options = ["--storage", "volume", "--setup", setup];
        self.lane.sh(&self.env, &options, script)
    }

    /// How often the setup ran.
    fn count(&self) -> usize {
        let text = std::fs::read_to_string(self.env.project.join("ran"));
        text.map_or(0, |text| text.lines().count())
    }

    /// The names of the environments' volumes.
    fn names(&self) -> Vec<String> {
        self.list(|line| line.contains('`'))
    }

    fn list(&self, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
        let list = self.env.paude(&["volumes", "list"]).code(0).stdout();
        let meant = list.lines().filter(|line| is_meant(line));
        meant.filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
    }
}

impl Drop for Project<'_> {
    fn drop(&mut self) {
        for name in self.list(|_| true) {
            let _ = self.env.paude(&["volumes", "remove", &name]);
        }
    }
}

parameterized!(
    Test,
    fn an_environment_is_kept_and_the_setup_runs_once(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let ran = project.run(SETUP, ".venv/made; echo own >.venv/own; ls -A .venv").code(0);
        ran.prints("made\nown\n");
        project.run(SETUP, ".venv/made; cat .venv/own").code(0).prints("own\n");
        assert_eq!(project.count(), 1);
        // Neither the host's environment nor a tmpfs has what the volume has.
        assert!(project.env.project.join(".venv/host").exists());
        assert!(!project.env.project.join(".venv/own").exists());
        lane.sh(&project.env, &[], "ls -A .venv").code(0).prints("");
        assert_eq!(project.names().len(), 1);
        Ok(())
    },
    fn the_setup_runs_again_in_an_empty_volume_when_its_inputs_change(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let once = |setup: &str, runs: usize| {
            project.run(setup, "echo >.venv/own").code(0);
            assert_eq!(project.count(), runs, "{setup}");
            project.run(setup, "ls -A .venv").code(0).prints("made\nown\n");
            assert_eq!(project.count(), runs, "{setup}");
        };
        once(SETUP, 1);
        for (file, runs) in [("requirements-dev.txt", 2), ("uv.lock", 3), ("pyproject.toml", 4)] {
            project.env.write(file, "changed\n");
            lane.give(&project.env.project);
            // What the command wrote is removed too.
            project.run(SETUP, "ls -A .venv").code(0).prints("made\n");
            once(SETUP, runs);
        }
        project.env.write("notes.txt", "of no account\n");
        once(SETUP, 4);
        once(&format!("{SETUP}; :"), 5);
        assert_eq!(project.names().len(), 1);
        Ok(())
    },
    fn a_failed_setup_runs_again(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let setup = format!("test ! -e .venv/made; {SETUP}; test -e good || exit 9");
        project.run(&setup, "touch commanded").code(9).says("setup ended with code 9");
        project.run(&setup, "touch commanded").code(9);
        assert!(!project.env.project.join("commanded").exists());
        project.env.write("good", "");
        project.run(&setup, ".venv/made").code(0);
        project.run(&setup, ".venv/made").code(0);
        assert_eq!(project.count(), 3);
        Ok(())
    },
    fn another_user_or_image_gets_another_volume(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(()); // neither exists there
        }
        let project = Project::new(lane);
        project.run(SETUP, ":").code(0);
        let look = |options: &[&str]| {
            let options = [&["--storage", "volume"], options].concat();
            let script = "ls -A .venv; cp /bin/true .venv/own; .venv/own; mkdir .venv/dir; id -u";
            lane.sh(&project.env, &options, script).code(0).stdout()
        };
        let users: &[_] = if lane.takes_users() { &["1000", "1234"] } else { &[] };
        for id in users {
            assert_eq!(look(&["--user", &format!("{id}:{id}")]), format!("{id}\n"));
        }
        assert!(
            look(&["--image", lane.fact("image_entrypoint")]).starts_with(|c: char| c.is_numeric())
        );
        assert_eq!(project.names().len(), 2 + users.len());
        Ok(())
    },
    fn another_project_at_the_same_path_gets_another_volume(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        project.run(SETUP, ":").code(0);
        let aside = project.env.root().join("aside");
        std::fs::rename(&project.env.project, &aside)?;
        crate::support::tree::make(&project.env.project, VENV);
        lane.give(&project.env.project);
        lane.sh(&project.env, &["--storage", "volume"], "ls -A .venv").code(0).prints("");
        Ok(())
    },
    fn two_runs_at_once_run_one_setup(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let setup = format!("sleep 1; {SETUP}");
        let start = || {
            let mut command = lane.command(&project.env);
            command.args(["--storage", "volume", "--setup", &setup]);
            command.args(["--", "/bin/sh", "-c", ".venv/made && sleep 1"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let both = [start(), start()];
        for child in both {
            Ran(child.wait_with_output()?).code(0);
        }
        assert_eq!(project.count(), 1);
        Ok(())
    },
    fn a_volume_in_use_is_neither_emptied_nor_removed(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let mut command = lane.command(&project.env);
        command.args(["--storage", "volume", "--setup", SETUP]);
        command.args([
            "--",
            "/bin/sh",
            "-c",
            "touch up; while [ ! -e end ]; do sleep 0.1; done; .venv/made",
        ]);
        let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        wait_for("the command does not start", 60, || project.env.project.join("up").exists());
        let name = project.names().remove(0);
        project.env.paude(&["volumes", "remove", &name]).code(125).says("is in use");
        project.env.paude(&["volumes", "prune"]).code(0).prints("");
        project.run("true", ":").code(125).says("another session uses its volume");
        // With the setup as it was, both can use it.
        project.run(SETUP, ".venv/made").code(0);
        project.env.write("end", "");
        Ran(child.wait_with_output()?).code(0);
        project.env.paude(&["volumes", "remove", &name]).code(0);
        assert!(project.names().is_empty());
        project.run(SETUP, ".venv/made").code(0);
        assert_eq!(project.count(), 2);
        Ok(())
    },
    fn a_killed_run_holds_no_lock(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let mut command = lane.command(&project.env);
        command.args(["--storage", "volume", "--setup", SETUP]);
        command.args(["--", "/bin/sh", "-c", "touch up; sleep 60"]);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        wait_for("the command does not start", 60, || project.env.project.join("up").exists());
        child.kill()?;
        child.wait()?;
        let setup = format!("{SETUP}; touch .venv/new");
        project.run(&setup, "ls -A .venv").code(0).prints("made\nnew\n");
        assert_eq!(lane.containers(&project.env), "");
        Ok(())
    },
    fn a_volume_that_the_engine_lost_is_recreated(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        project.run(SETUP, ":").code(0);
        let name = project.names().remove(0);
        if lane.is_native() {
            let content = format!("home/.local/state/paude/volumes/{name}/content");
            std::fs::remove_dir_all(project.env.root().join(content))?;
        } else {
            let removed =
                project.env.command(&lane.engine).args(["volume", "rm", &name]).output()?;
            assert!(removed.status.success());
        }
        project.run(SETUP, ".venv/made").code(0);
        assert_eq!(project.count(), 2);
        if lane.is_native() {
            return Ok(());
        }
        // A volume of that name without paude's label is not used.
        for words in [["volume", "rm"], ["volume", "create"]] {
            let output = project.env.command(&lane.engine).args(words).arg(&name).output()?;
            assert!(output.status.success());
        }
        project.run(SETUP, ":").code(125).says("was not created by paude");
        let removed = project.env.command(&lane.engine).args(["volume", "rm", &name]).output()?;
        assert!(removed.status.success());
        Ok(())
    },
    fn prune_removes_only_volumes_whose_project_or_image_is_gone(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        project.run(SETUP, ":").code(0);
        let name = project.names().remove(0);
        project.env.paude(&["volumes", "prune"]).code(0).prints("");
        // A python3 that is another one on PATH now is no reason to remove it.
        let bin = project.env.root().join("bin");
        std::fs::create_dir(&bin)?;
        std::os::unix::fs::symlink("/bin/true", bin.join("python3"))?;
        let mut shell = project.env.command(paude());
        let path = project.env.vars.iter().find(|(name, _)| name == "PATH").unwrap();
        shell.env("PATH", format!("{}:{}", bin.display(), path.1)).args(["volumes", "prune"]);
        Ran(shell.output()?).code(0).prints("");
        // The record names an image that is gone.
        let record = format!(".local/state/paude/volumes/{name}/record.json");
        let record = project.env.home().join(record);
        let mut known: serde_json::Value = serde_json::from_slice(&std::fs::read(&record)?)?;
        known["image"] = "localhost/paude-test-gone:1".into();
        std::fs::write(&record, known.to_string())?;
        project.env.paude(&["volumes", "prune"]).code(0).prints(&format!("{name}\n"));
        project.run(SETUP, ":").code(0);
        let aside = project.env.root().join("aside");
        std::fs::rename(&project.env.project, &aside)?;
        std::fs::create_dir(&project.env.project)?;
        lane.give(&project.env.project);
        let pruned = project.env.paude(&["volumes", "prune"]).code(0).stdout();
        assert!(pruned.lines().any(|line| line == name), "{pruned}");
        // With the project, its cache is of no use either.
        assert!(project.list(|_| true).is_empty());
        if !lane.is_native() {
            let left =
                project.env.command(&lane.engine).args(["volume", "inspect", &name]).output()?;
            assert!(!left.status.success());
        }
        Ok(())
    },
    fn downloads_are_kept_for_the_next_setup(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        let setup = "for dir in $UV_CACHE_DIR $PIP_CACHE_DIR $POETRY_CACHE_DIR $PDM_CACHE_DIR \
             $npm_config_cache; do test -e $dir/x || echo $dir >>downloads; \
             mkdir -p $dir; touch $dir/x; done; test ! -e .venv/made; touch .venv/made";
        let downloads = || {
            let text = std::fs::read_to_string(project.env.project.join("downloads"));
            text.unwrap_or_default().lines().count()
        };
        project.run(setup, ":").code(0);
        assert_eq!(downloads(), 5);
        // The environment begins empty, and nothing is downloaded again.
        project.env.write("uv.lock", "changed\n");
        lane.give(&project.env.project);
        project.run(setup, ":").code(0);
        assert_eq!(downloads(), 5);
        let list = project.env.paude(&["volumes", "list"]).code(0).stdout();
        let cache: Vec<_> = list.lines().filter(|line| line.contains("  cache of ")).collect();
        assert_eq!(cache.len(), 1, "{list}");
        let words: Vec<_> = cache[0].split_whitespace().collect();
        assert_eq!((words[1], words[2]), ("cache", lane.engine.as_str()), "{list}");
        if lane.ids().0 == 0 {
            assert!(words[3].ends_with('k'), "{list}");
        }
        // It is there with memory in place of the volume too, if that is asked for.
        let script = "test -e $UV_CACHE_DIR/x && echo kept";
        lane.sh(&project.env, &["--cache"], script).code(0).prints("kept\n");
        let none = "echo \"[${UV_CACHE_DIR-}]\"";
        lane.sh(&project.env, &[], none).code(0).prints("[]\n");
        let volume = ["--storage", "volume", "--no-cache"];
        lane.sh(&project.env, &volume, none).code(0).prints("[]\n");
        // What is set stays.
        let own = ["--cache", "-e", "UV_CACHE_DIR=/tmp/own"];
        lane.sh(&project.env, &own, none).code(0).prints("[/tmp/own]\n");
        let aside = project.env.root().join("aside");
        std::fs::rename(&project.env.project, &aside)?;
        crate::support::tree::make(&project.env.project, VENV);
        lane.give(&project.env.project);
        lane.sh(&project.env, &["--cache"], &format!("! {script}")).code(0);
        Ok(())
    },
    /// It may not be copies: those of large packages take several times as long.
    fn uv_makes_links_into_the_cache_where_both_end_together(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        project.env.write("pyproject.toml", UV_PROJECT);
        lane.copy_wheels(&project.env);
        lane.give(&project.env.project);
        let script = "file=$(echo .venv/lib/python*/site-packages/markupsafe/__init__.py)
            if test -L $file; then echo a link; else echo a copy; fi
            .venv/bin/python -c 'import markupsafe._speedups'";
        let run = |options: &[&str]| {
            let setup = ["--setup", "uv sync --quiet --offline"];
            lane.sh(&project.env, &[&setup[..], options].concat(), script).code(0).stdout()
        };
        for _ in 0..2 {
            assert_eq!(run(&["--cache"]), "a link\n");
        }
        assert_eq!(run(&["--cache", "-e", "UV_LINK_MODE=copy"]), "a copy\n");
        assert_eq!(run(&["--storage", "volume"]), "a copy\n");
        assert_eq!(run(&[]), "a copy\n");
        Ok(())
    },
    fn an_environment_larger_than_memory_is_reported(lane: &Lane) -> Outcome {
        const NOTE: &str =
            "note: `.venv` of the host is larger than half of the memory that was free";
        let project = Project::new(lane);
        assert!(!lane.sh(&project.env, &[], ":").code(0).stderr().contains(NOTE));
        std::fs::File::create(project.env.project.join(".venv/huge"))?.set_len(1 << 42)?;
        lane.sh(&project.env, &[], ":").code(0).says(NOTE);
        assert!(!project.run(SETUP, ":").code(0).stderr().contains(NOTE));
        Ok(())
    },
    fn records_in_the_project_are_not_used(lane: &Lane) -> Outcome {
        let mut project = Project::new(lane);
        let state = project.env.project.join("state").display().to_string();
        project.env.vars.push(("XDG_STATE_HOME".to_owned(), state));
        project.run(SETUP, ":").code(125).says("it lies in the project");
        assert_eq!(project.count(), 0);
        // paude.json cannot name the volume of another project.
        project.env.write("paude.json", "{\"storage\": \"paude-0\"}");
        lane.sh(&project.env, &[], ":").code(2).says("paude.json:1:21: unknown variant `paude-0`");
        Ok(())
    },
    fn an_environment_in_a_volume_works_in_the_next_run(lane: &Lane) -> Outcome {
        let project = Project::new(lane);
        lane.copy_wheels(&project.env);
        project.env.write("requirements.txt", "pytest\nmarkupsafe\n");
        project.env.write(
        "paude.json",
        r#"{"storage": "volume", "setup": "echo >>ran; python3 -m venv .venv && .venv/bin/pip install -q --no-index --find-links wheels -r requirements.txt"}"#,
    );
        lane.give(&project.env.project);
        let script = "pytest --version && python -c 'import markupsafe._speedups; print(1)'";
        for _ in 0..2 {
            assert!(lane.sh(&project.env, &[], script).code(0).stdout().ends_with("1\n"));
            assert_eq!(project.count(), 1);
        }
        assert!(project.env.project.join(".venv/host").exists());
        Ok(())
    }
);
