//! `--storage volume`: environments that outlive their container.

use std::process::Stdio;

use super::lane::Lane;
use super::{Test, on_each_lane};
use crate::support::{Env, Outcome, Ran, paude, wait_for};

pub const TESTS: [(&str, Test); 13] = on_each_lane![
    what_was_made_is_kept_and_the_setup_runs_once,
    the_setup_runs_again_in_an_empty_volume_when_what_it_depends_on_changed,
    a_setup_that_failed_runs_again,
    another_user_or_image_gets_another,
    another_project_at_the_same_place_gets_another,
    two_at_once_run_one_setup,
    a_volume_in_use_is_not_emptied_nor_removed,
    a_killed_run_stands_in_nobodys_way,
    what_an_engine_lost_is_made_anew,
    prune_removes_what_belongs_to_no_project,
    an_environment_that_memory_would_not_hold_is_told,
    what_a_container_could_write_is_not_believed,
    an_environment_made_there_works_the_next_time,
];

const VENV: &str = ".venv/pyvenv.cfg: \"home = /usr/bin\\n\"\n.venv/host";
/// Counts itself in the project, where it can be seen from outside.
const SETUP: &str = "echo >>ran; cp /bin/true .venv/made";

/// A project whose volumes are removed in the end.
struct Kept<'l> {
    lane: &'l Lane,
    env: Env,
}

impl<'l> Kept<'l> {
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

    fn names(&self) -> Vec<String> {
        let list = self.env.paude(&["volumes", "list"]).code(0).stdout();
        list.lines().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for name in self.names() {
            self.env.paude(&["volumes", "remove", &name]);
        }
    }
}

fn what_was_made_is_kept_and_the_setup_runs_once(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    let ran = kept.run(SETUP, ".venv/made; echo own >.venv/own; ls -A .venv").code(0);
    ran.prints("made\nown\n");
    kept.run(SETUP, ".venv/made; cat .venv/own").code(0).prints("own\n");
    assert_eq!(kept.count(), 1);
    // The host's own is as it was, and what is in memory knows nothing of it.
    assert!(kept.env.project.join(".venv/host").exists());
    assert!(!kept.env.project.join(".venv/own").exists());
    lane.sh(&kept.env, &[], "ls -A .venv").code(0).prints("");
    assert_eq!(kept.names().len(), 1);
    Ok(())
}

fn the_setup_runs_again_in_an_empty_volume_when_what_it_depends_on_changed(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    let once = |setup: &str, runs: usize| {
        kept.run(setup, "echo >.venv/own").code(0);
        assert_eq!(kept.count(), runs, "{setup}");
        kept.run(setup, "ls -A .venv").code(0).prints("made\nown\n");
        assert_eq!(kept.count(), runs, "{setup}");
    };
    once(SETUP, 1);
    for (file, runs) in [("requirements-dev.txt", 2), ("uv.lock", 3), ("pyproject.toml", 4)] {
        kept.env.write(file, "changed\n");
        lane.give(&kept.env.project);
        // What was there is gone with the setup that made it.
        kept.run(SETUP, "ls -A .venv").code(0).prints("made\n");
        once(SETUP, runs);
    }
    kept.env.write("notes.txt", "of no account\n");
    once(SETUP, 4);
    once(&format!("{SETUP}; :"), 5);
    assert_eq!(kept.names().len(), 1);
    Ok(())
}

fn a_setup_that_failed_runs_again(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    let setup = format!("test ! -e .venv/made; {SETUP}; test -e good || exit 9");
    kept.run(&setup, "touch commanded").code(9).says("setup ended with code 9");
    kept.run(&setup, "touch commanded").code(9);
    assert!(!kept.env.project.join("commanded").exists());
    kept.env.write("good", "");
    kept.run(&setup, ".venv/made").code(0);
    kept.run(&setup, ".venv/made").code(0);
    assert_eq!(kept.count(), 3);
    Ok(())
}

fn another_user_or_image_gets_another(lane: &Lane) -> Outcome {
    if lane.is_native() {
        return Ok(()); // it has neither
    }
    let kept = Kept::new(lane);
    kept.run(SETUP, ":").code(0);
    let look = |options: &[&str]| {
        let options = [&["--storage", "volume"], options].concat();
        let script = "ls -A .venv; cp /bin/true .venv/own; .venv/own; mkdir .venv/dir; id -u";
        lane.sh(&kept.env, &options, script).code(0).stdout()
    };
    assert_eq!(look(&["--user", "1000:1000"]), "1000\n");
    assert_eq!(look(&["--user", "1234:1234"]), "1234\n");
    assert!(
        look(&["--image", lane.fact("image_entrypoint")]).starts_with(|c: char| c.is_numeric())
    );
    assert_eq!(kept.names().len(), 4);
    Ok(())
}

fn another_project_at_the_same_place_gets_another(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    kept.run(SETUP, ":").code(0);
    let aside = kept.env.root().join("aside");
    std::fs::rename(&kept.env.project, &aside)?;
    crate::support::tree::make(&kept.env.project, VENV);
    lane.give(&kept.env.project);
    lane.sh(&kept.env, &["--storage", "volume"], "ls -A .venv").code(0).prints("");
    Ok(())
}

fn two_at_once_run_one_setup(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    let setup = format!("sleep 1; {SETUP}");
    let start = || {
        let mut command = kept.env.command(paude());
        command.args(lane.args()).args(["--storage", "volume", "--setup", &setup]);
        command.args(["--", "/bin/sh", "-c", ".venv/made && sleep 1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start(), start()];
    for child in both {
        Ran(child.wait_with_output()?).code(0);
    }
    assert_eq!(kept.count(), 1);
    Ok(())
}

fn a_volume_in_use_is_not_emptied_nor_removed(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    let mut command = kept.env.command(paude());
    command.args(lane.args()).args(["--storage", "volume", "--setup", SETUP]);
    command.args([
        "--",
        "/bin/sh",
        "-c",
        "touch up; while [ ! -e end ]; do sleep 0.1; done; .venv/made",
    ]);
    let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    wait_for("the command does not start", 60, || kept.env.project.join("up").exists());
    let name = kept.names().remove(0);
    kept.env.paude(&["volumes", "remove", &name]).code(125).says("is in use");
    kept.env.paude(&["volumes", "prune"]).code(0).prints("");
    kept.run("true", ":").code(125).says("another session uses its volume");
    // The same setup has been done, and there is room for two.
    kept.run(SETUP, ".venv/made").code(0);
    kept.env.write("end", "");
    Ran(child.wait_with_output()?).code(0);
    kept.env.paude(&["volumes", "remove", &name]).code(0);
    assert!(kept.names().is_empty());
    kept.run(SETUP, ".venv/made").code(0);
    assert_eq!(kept.count(), 2);
    Ok(())
}

fn a_killed_run_stands_in_nobodys_way(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    let mut command = kept.env.command(paude());
    command.args(lane.args()).args(["--storage", "volume", "--setup", SETUP]);
    command.args(["--", "/bin/sh", "-c", "touch up; sleep 60"]);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
    wait_for("the command does not start", 60, || kept.env.project.join("up").exists());
    child.kill()?;
    child.wait()?;
    let setup = format!("{SETUP}; touch .venv/new");
    kept.run(&setup, "ls -A .venv").code(0).prints("made\nnew\n");
    assert_eq!(lane.containers(&kept.env), "");
    Ok(())
}

fn what_an_engine_lost_is_made_anew(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    kept.run(SETUP, ":").code(0);
    let name = kept.names().remove(0);
    if lane.is_native() {
        let content = format!("home/.local/state/paude/volumes/{name}/content");
        std::fs::remove_dir_all(kept.env.root().join(content))?;
    } else {
        let removed = kept.env.command(&lane.engine).args(["volume", "rm", &name]).output()?;
        assert!(removed.status.success());
    }
    kept.run(SETUP, ".venv/made").code(0);
    assert_eq!(kept.count(), 2);
    if lane.is_native() {
        return Ok(());
    }
    // Nor is one taken that somebody else made under its name.
    for words in [["volume", "rm"], ["volume", "create"]] {
        let output = kept.env.command(&lane.engine).args(words).arg(&name).output()?;
        assert!(output.status.success());
    }
    kept.run(SETUP, ":").code(125).says("was not made by paude");
    let removed = kept.env.command(&lane.engine).args(["volume", "rm", &name]).output()?;
    assert!(removed.status.success());
    Ok(())
}

fn prune_removes_what_belongs_to_no_project(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    kept.run(SETUP, ":").code(0);
    let name = kept.names().remove(0);
    kept.env.paude(&["volumes", "prune"]).code(0).prints("");
    // Another shell may have another Python first: that takes nothing away.
    let bin = kept.env.root().join("bin");
    std::fs::create_dir(&bin)?;
    std::os::unix::fs::symlink("/bin/true", bin.join("python3"))?;
    let mut shell = kept.env.command(paude());
    let path = kept.env.vars.iter().find(|(name, _)| name == "PATH").unwrap();
    shell.env("PATH", format!("{}:{}", bin.display(), path.1)).args(["volumes", "prune"]);
    Ran(shell.output()?).code(0).prints("");
    // Or to an image that is gone: as if another had been there.
    let record = format!(".local/state/paude/volumes/{name}/record.json");
    let record = kept.env.home().join(record);
    let mut known: serde_json::Value = serde_json::from_slice(&std::fs::read(&record)?)?;
    known["image"] = "localhost/paude-test-gone:1".into();
    std::fs::write(&record, known.to_string())?;
    kept.env.paude(&["volumes", "prune"]).code(0).prints(&format!("{name}\n"));
    kept.run(SETUP, ":").code(0);
    let aside = kept.env.root().join("aside");
    std::fs::rename(&kept.env.project, &aside)?;
    std::fs::create_dir(&kept.env.project)?;
    lane.give(&kept.env.project);
    kept.env.paude(&["volumes", "prune"]).code(0).prints(&format!("{name}\n"));
    assert!(kept.names().is_empty());
    if !lane.is_native() {
        let left = kept.env.command(&lane.engine).args(["volume", "inspect", &name]).output()?;
        assert!(!left.status.success());
    }
    Ok(())
}

fn an_environment_that_memory_would_not_hold_is_told(lane: &Lane) -> Outcome {
    const NOTE: &str = "note: `.venv` of the host is larger than half of the memory that was free";
    let kept = Kept::new(lane);
    assert!(!lane.sh(&kept.env, &[], ":").code(0).stderr().contains(NOTE));
    std::fs::File::create(kept.env.project.join(".venv/huge"))?.set_len(1 << 42)?;
    lane.sh(&kept.env, &[], ":").code(0).says(NOTE);
    assert!(!kept.run(SETUP, ":").code(0).stderr().contains(NOTE));
    Ok(())
}

fn what_a_container_could_write_is_not_believed(lane: &Lane) -> Outcome {
    let mut kept = Kept::new(lane);
    let state = kept.env.project.join("state").display().to_string();
    kept.env.vars.push(("XDG_STATE_HOME".to_owned(), state));
    kept.run(SETUP, ":").code(125).says("it lies in the project");
    assert_eq!(kept.count(), 0);
    // Nor is there a word in paude.json for another volume than its own.
    kept.env.write("paude.json", "{\"storage\": \"paude-0\"}");
    lane.sh(&kept.env, &[], ":").code(2).says("paude.json:1:21: unknown variant `paude-0`");
    Ok(())
}

fn an_environment_made_there_works_the_next_time(lane: &Lane) -> Outcome {
    let kept = Kept::new(lane);
    lane.copy_wheels(&kept.env);
    kept.env.write("requirements.txt", "pytest\nmarkupsafe\n");
    kept.env.write(
        "paude.json",
        r#"{"storage": "volume", "setup": "echo >>ran; python3 -m venv .venv && .venv/bin/pip install -q --no-index --find-links wheels -r requirements.txt"}"#,
    );
    lane.give(&kept.env.project);
    let script = "pytest --version && python -c 'import markupsafe._speedups; print(1)'";
    for _ in 0..2 {
        assert!(lane.sh(&kept.env, &[], script).code(0).stdout().ends_with("1\n"));
        assert_eq!(kept.count(), 1);
    }
    assert!(kept.env.project.join(".venv/host").exists());
    Ok(())
}
