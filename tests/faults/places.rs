//! Directories that change, journals that cannot be kept, disks that are full.

use std::os::unix::fs::symlink;
use std::path::Path;

use libtest_mimic::Trial;

use super::{asked, fake, journal, left_by_a_killed_run, one_error, reserved};
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::tree;
use crate::support::{Env, Outcome, wait_for};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        a_run_in_which_everything_is_deleted,
        a_journal_that_cannot_be_written,
        a_journal_with_odd_lines,
        a_state_directory_that_is_a_link,
        what_is_replaced_after_the_check_is_not_mounted,
        what_another_run_removed_after_the_check_is_made_again,
    ];
    // Only root can mount a file system, or give a file away.
    let as_root = trials![
        a_full_disk,
        a_read_only_workspace,
        a_journal_of_another_person,
        a_home_of_another_person_stays_as_it_is,
        a_directory_in_use_by_another_person_waits,
    ];
    let root = rustix::process::geteuid().is_root();
    trials.extend(as_root.into_iter().map(|trial| trial.with_ignored_flag(!root)));
    trials
}

fn a_run_in_which_everything_is_deleted() -> Outcome {
    for script in ["rm -r \"$ROOT/project\"", "rm -r .venv", "rm -r \"$ROOT/home/.local\""] {
        let mut env = Env::with("README");
        fake(&mut env, "podman", script, "exit 0");
        let ran = reserved(&env).code(0);
        assert_eq!(ran.stderr(), "", "{script}");
        assert!(!env.project.join(".venv").exists(), "{script}");
    }
    let mut env = Env::with("README");
    fake(&mut env, "podman", "mv \"$ROOT/project\" \"$ROOT/moved\"", "exit 0");
    reserved(&env).code(0);
    assert!(!env.root().join("moved/.venv").exists());
    assert!(!env.project.exists());
    Ok(())
}

fn a_journal_that_cannot_be_written() -> Outcome {
    for (name, value) in [("XDG_STATE_HOME", "$ROOT/file"), ("HOME", ""), ("HOME", "/proc")] {
        let mut env = Env::with("mine/.venv/pyvenv.cfg");
        fake(&mut env, "podman", "exit 3", "exit 0");
        tree::write(&env.root().join("file"), "");
        let value = value.replace("$ROOT", &env.root().display().to_string());
        env.vars.push((name.to_owned(), value.clone()));
        let before = snapshot(&env.project);
        // Nothing has to be made: it goes on.
        env.paude(&["--engine", "podman", "--", "true"]).code(3);
        let ran = reserved(&env)
            .code(125)
            .says("hint: make the directory yourself, or set XDG_STATE_HOME");
        one_error(&ran, "cannot make the mount point `.venv`: no journal to note it in: ");
        assert_unchanged(&env.project, &before);
        assert_eq!(asked(&env), "run ");
    }
    Ok(())
}

fn a_journal_with_odd_lines() -> Outcome {
    let mut env = Env::with("a/\nb/");
    let file = left_by_a_killed_run(&mut env);
    let text = std::fs::read_to_string(&file)?;
    let torn = text.lines().next().unwrap();
    let odd = [
        r#"{"directory":{"path":"a","identity":"1-1"}}"#,
        r#"{"directory":{"path":"../home","identity":"1-1"}}"#,
        r#"{"container":{"engine":"other","name":"x"}}"#,
        "nonsense",
        &torn[..torn.len() - 3],
    ];
    std::fs::write(&file, odd.join("\n"))?;
    let before = snapshot(&env.project);
    fake(&mut env, "podman", "exit 0", "exit 0");
    reserved(&env).code(0);
    assert_unchanged(&env.project, &before);
    assert_eq!(std::fs::read_to_string(&file)?, "");
    // Not a file: as if there were none.
    std::fs::remove_file(&file)?;
    std::fs::create_dir(&file)?;
    reserved(&env).code(0);
    std::fs::remove_dir(env.project.join(".venv"))?;
    one_error(&reserved(&env).code(125), "no journal to note it in");
    Ok(())
}

fn a_state_directory_that_is_a_link() -> Outcome {
    let mut env = Env::with("README");
    std::fs::create_dir(env.root().join("elsewhere"))?;
    symlink(env.root().join("elsewhere"), env.home().join(".local"))?;
    fake(&mut env, "podman", "exit 0", "exit 0");
    reserved(&env).code(0);
    assert!(!env.project.join(".venv").exists());
    assert!(env.root().join("elsewhere/state/paude").exists());
    // The journal itself is never a link: it could lead to any file of the person's.
    let journal =
        std::fs::read_dir(env.root().join("elsewhere/state/paude"))?.next().unwrap()?.path();
    std::fs::remove_file(&journal)?;
    tree::write(&env.root().join("file"), "mine");
    symlink(env.root().join("file"), &journal)?;
    one_error(&reserved(&env).code(125), "no journal to note it in");
    assert_eq!(std::fs::read_to_string(env.root().join("file"))?, "mine");
    Ok(())
}

/// `docker info` is asked after the check and before the mounts.
fn what_is_replaced_after_the_check_is_not_mounted() -> Outcome {
    let cases = [
        ("project", "cd ..; mv project was; cp -a was project"),
        ("project", "cd ..; rm -r project"),
        (".venv", "mv .venv was; ln -s was .venv"),
        (".venv", "mv .venv was; ln -s ../home .venv"),
        (".venv", "mv .venv was; mkfifo .venv"),
        ("a/.venv", "mv a was; ln -s was a"),
        ("a/.venv", "mv a was; ln -s ../home a"),
        ("out", "rm out; ln -s ../outside2 out"),
        ("out", "rm out; mkdir out; touch out/pyvenv.cfg"),
        ("out", "rm ../outside/pyvenv.cfg"),
    ];
    for (what, script) in cases {
        let mut env = Env::with(".venv/pyvenv.cfg\na/.venv/pyvenv.cfg\nout -> ../outside\nsrc/");
        tree::make(&env.root(), "outside/pyvenv.cfg\noutside2/pyvenv.cfg");
        fake(&mut env, "docker", "touch ran", script);
        env.vars.push(("DOCKER_CONTEXT".to_owned(), "x".to_owned()));
        let args = ["--venv", ".venv", "--venv", "a/.venv", "--venv", "out"];
        let ran = env.paude(&[&["--engine", "docker"], &args[..], &["--", "true"]].concat());
        assert_eq!(ran.0.status.code(), Some(125), "{script}: {}", ran.stderr());
        one_error(&ran, "was replaced while paude looked at it\nhint: nothing was started");
        assert!(
            ran.stderr().contains(&format!("{what}` was replaced")),
            "{script}: {}",
            ran.stderr()
        );
        assert_eq!(asked(&env), "info ", "{script}");
    }
    Ok(())
}

/// It was made by a run that ended between check and mount.
fn what_another_run_removed_after_the_check_is_made_again() -> Outcome {
    let mut env = Env::with("a/b/.venv/");
    fake(&mut env, "docker", "test -d a/b/.venv", "rm -r a");
    env.vars.push(("DOCKER_CONTEXT".to_owned(), "x".to_owned()));
    env.paude(&["--engine", "docker", "--venv", "a/b/.venv", "--", "true"]).code(0);
    assert!(!env.project.join("a").exists());
    Ok(())
}

/// A mount of the test's own, gone when dropped.
struct Mounted<'p>(&'p Path);

impl<'p> Mounted<'p> {
    fn new(path: &'p Path, args: &[&str]) -> Self {
        let status = std::process::Command::new("mount").args(args).arg(path).status().unwrap();
        assert!(status.success());
        Self(path)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

fn a_full_disk() -> Outcome {
    let mut env = Env::new();
    fake(&mut env, "podman", "exit 0", "exit 0");
    let project = env.project.clone();
    let _mounted = Mounted::new(&project, &["-t", "tmpfs", "-o", "nr_inodes=3", "none"]);
    std::fs::create_dir(project.join("src"))?;
    let before = snapshot(&project);
    for venv in [".venv", "deep/er/.venv"] {
        // Of the second, the first directory can still be made.
        if venv == ".venv" {
            std::fs::write(project.join("full"), "")?;
        } else {
            std::fs::remove_file(project.join("full"))?;
        }
        let args = ["--engine", "podman", "--venv", venv, "--", "true"];
        let ran = env.paude(&args).code(125).says("hint: free some space");
        one_error(&ran, "cannot make the mount point `");
        assert!(ran.stderr().contains("No space left"));
    }
    let left: Vec<_> =
        std::fs::read_dir(&project)?.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["src"], "{before:?}");
    assert_eq!((asked(&env), journal(&env)), (String::new(), String::new()));
    // The state directory is full: nothing is made that could not be noted.
    let state = env.root().join("state");
    std::fs::create_dir_all(state.join("paude"))?;
    let _full = Mounted::new(&state, &["-t", "tmpfs", "-o", "nr_inodes=1", "none"]);
    env.vars.push(("XDG_STATE_HOME".to_owned(), state.display().to_string()));
    one_error(&reserved(&env).code(125), "no journal to note it in");
    env.paude(&["--engine", "podman", "--", "true"]).code(0);
    Ok(())
}

fn a_read_only_workspace() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "exit 0", "exit 0");
    let project = env.project.clone();
    let path = project.to_str().unwrap().to_owned();
    let _mounted = Mounted::new(&project, &["--bind", "-o", "ro", &path]);
    one_error(
        &reserved(&env).code(125),
        "cannot make the mount point `.venv`: Read-only file system",
    );
    assert_eq!(asked(&env), "");
    Ok(())
}

fn a_journal_of_another_person() -> Outcome {
    let mut env = Env::with("README");
    let file = left_by_a_killed_run(&mut env);
    std::os::unix::fs::chown(&file, Some(12345), None)?;
    let before = std::fs::read_to_string(&file)?;
    std::fs::remove_dir(env.project.join(".venv"))?;
    one_error(&reserved(&env).code(125), "is not a file of yours");
    assert_eq!(asked(&env), "run ", "what others noted is not obeyed");
    assert_eq!(std::fs::read_to_string(&file)?, before);
    Ok(())
}

/// As `sudo` does where it keeps HOME.
fn a_home_of_another_person_stays_as_it_is() -> Outcome {
    let mut env = Env::with("mine/.venv/pyvenv.cfg");
    fake(&mut env, "podman", "exit 3", "exit 0");
    std::os::unix::fs::chown(env.home(), Some(12345), None)?;
    let before = snapshot(&env.home());
    let theirs = format!("`{}` belongs to another person", env.home().display());
    one_error(&reserved(&env).code(125), &theirs);
    let ran = env.paude(&["--engine", "podman", "--storage", "volume", "--", "true"]).code(125);
    one_error(&ran, &theirs);
    // Nothing has to be made: it goes on.
    env.paude(&["--engine", "podman", "--", "true"]).code(3);
    assert_unchanged(&env.home(), &before);
    Ok(())
}

/// Two people share a workspace; the first to come is the first to go.
fn a_directory_in_use_by_another_person_waits() -> Outcome {
    let mut env = Env::with("README");
    let other = env.root().join("other");
    let run = "test -e \"$ROOT/first\" || { touch \"$ROOT/first\"; while [ ! -e \"$ROOT/go\" ]; do \
               sleep 0.05; done; }; test -d .venv";
    fake(&mut env, "podman", run, "exit 0");
    let mut command = env.command(crate::support::paude());
    command.args(["--quiet", "--engine", "podman", "--venv", ".venv", "--", "true"]);
    let mut first = command.env("HOME", &other).spawn()?;
    wait_for("the first does not start", 60, || env.root().join("first").exists());
    assert!(env.project.join(".venv").exists());
    // The second holds it while the first ends.
    let script = "touch \"$ROOT/go\"; while kill -0 $(cat \"$ROOT/pid\") 2>/dev/null; do sleep 0.05; \
                  done; test -d .venv";
    fake(&mut env, "podman", script, "exit 0");
    std::fs::write(env.root().join("pid"), first.id().to_string()).unwrap();
    let waiter = std::thread::spawn(move || first.wait().unwrap().code());
    reserved(&env).code(0);
    assert_eq!(waiter.join().unwrap(), Some(0));
    // It is the first one's to remove, the next time.
    assert!(env.project.join(".venv").exists());
    fake(&mut env, "podman", "exit 0", "exit 0");
    let mut command = env.command(crate::support::paude());
    command.args(["--quiet", "--engine", "podman", "--", "true"]).env("HOME", &other);
    assert!(command.status()?.success());
    assert!(!env.project.join(".venv").exists());
    Ok(())
}
