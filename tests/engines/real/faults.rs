//! What goes wrong while a real engine runs; see also [`crate::engines::fake`].

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Test;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, Ran, wait_for};

/// Starts `paude` in the background, with `.venv` reserved.
fn start(lane: &Lane, env: &Env, script: &str) -> Child {
    let mut command = lane.command(env);
    command.args(["--quiet", "--venv", ".venv", "--", "/bin/sh", "-ec", script]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The same, and waits until the container runs. It ends when the project has the file `go`.
fn running(lane: &Lane, env: &Env) -> Child {
    let child =
        start(lane, env, "touch .venv/mine; touch ready; while ! [ -e go ]; do sleep 0.1; done");
    wait_for("the container does not start", 60, || env.project.join("ready").exists());
    child
}

fn end(child: Child) -> Ran {
    Ran(child.wait_with_output().unwrap())
}

fn kill(name: &str, pid: u32) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

/// The next run after a fault; it needs no mount point of its own.
#[track_caller]
fn next_run(lane: &Lane, env: &Env) {
    lane.paude(env, &["--venv", "none", "--quiet", "--", "true"]).code(0);
    nothing_left(lane, env);
}

#[track_caller]
fn nothing_left(lane: &Lane, env: &Env) {
    assert_eq!(lane.containers(env), "");
    let files = env.home().join(".local/state/paude").read_dir().unwrap();
    let files = files.map(|file| file.unwrap().path());
    let journals = files.map(|path| std::fs::read_to_string(path).unwrap());
    let noted: String = journals.collect();
    assert!(!env.project.join(".venv").exists(), "the mount point is still there: {noted}");
    assert_eq!(noted, "");
}

/// The process id of the engine's client, or of the native engine's helper.
fn client_of(paude: u32) -> u32 {
    let children = format!("/proc/{paude}/task/{paude}/children");
    let text = std::fs::read_to_string(children).unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Kills paude as the kernel does when memory runs out.
fn kill_paude(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// One of several runs: its shadow is empty, is not shared, and keeps its file.
const ONE_OF_SEVERAL: &str = "
    mounted() { grep -q \" $PWD/.venv \" /proc/self/mountinfo; }
    mounted; test -z \"$(ls -A .venv)\"
    echo $1 >.venv/mine
    touch started-$1
    while ! [ -e go-$1 ]; do sleep 0.2; done
    mounted; test \"$(cat .venv/mine)\" = $1; test \"$(ls -A .venv)\" = mine";

/// Starts so many runs, and ends them in the order in which they started.
fn several(lane: &Lane, count: usize) -> Outcome {
    let env = lane.env_with("mine/.venv/pyvenv.cfg");
    let before = snapshot(&env.project.join("mine"));
    let mut children: Vec<_> = (0..count)
        .map(|number| start(lane, &env, &format!("set {number}; {ONE_OF_SEVERAL}")))
        .collect();
    for (number, child) in children.iter_mut().enumerate() {
        let file = env.project.join(format!("started-{number}"));
        wait_for("a run does not start", 60, || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{number}: {ended:?} {}", read(child));
            file.exists()
        });
    }
    // One after the other up to the last five, which end at once.
    for (number, child) in children.into_iter().enumerate() {
        if number < count.saturating_sub(5) || count == 2 {
            std::fs::write(env.project.join(format!("go-{number}")), "").unwrap();
        } else {
            for rest in number..count {
                std::fs::write(env.project.join(format!("go-{rest}")), "").unwrap();
            }
        }
        let ran = end(child).code(0);
        assert_eq!(ran.stderr(), "");
        assert!(env.project.join(".venv").exists() || number + 5 >= count, "{number}");
    }
    nothing_left(lane, &env);
    assert_unchanged(&env.project.join("mine"), &before);
    Ok(())
}

fn read(child: &mut Child) -> String {
    std::io::read_to_string(child.stderr.take().unwrap()).unwrap()
}

/// A directory mounted over itself read-only, until dropped.
pub(super) struct ReadOnly(PathBuf);

impl ReadOnly {
    pub(super) fn new(path: &Path) -> Self {
        let mut mount = Command::new("mount");
        let status = mount.args(["--bind", "-o", "ro"]).args([path, path]).status().unwrap();
        assert!(status.success());
        Self(path.to_owned())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

parameterized!(
    Test,
    fn a_missing_image_leaves_nothing(lane: &Lane) -> Outcome {
        if lane.is_native() {
            return Ok(());
        }
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let before = snapshot(&env.project.join("mine"));
        let image = ["--image", "localhost/paude-test-none:1", "--venv", ".venv", "--", "true"];
        let ran = lane.paude(&env, &image).code(125);
        assert!(ran.stderr().contains("localhost/paude-test-none"), "{}", ran.stderr());
        assert_unchanged(&env.project.join("mine"), &before);
        nothing_left(lane, &env);
        Ok(())
    },
    fn a_killed_client_leaves_nothing(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let before = snapshot(&env.project.join("mine"));
        let child = running(lane, &env);
        kill("KILL", client_of(child.id()));
        let ran = end(child).code(137);
        let wanted = match lane.is_native() {
            true => String::new(),
            false => format!("error: {} was killed by signal 9\n", lane.engine),
        };
        assert_eq!(ran.stderr(), wanted);
        assert_unchanged(&env.project.join("mine"), &before);
        nothing_left(lane, &env);
        Ok(())
    },
    fn what_a_killed_paude_left_is_cleared_by_the_next_run(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let before = snapshot(&env.project.join("mine"));
        kill_paude(running(lane, &env));
        assert!(env.project.join(".venv").exists());
        assert!(!env.project.join(".venv/mine").exists());
        next_run(lane, &env);
        // Nothing of it goes on.
        std::fs::write(env.project.join("go"), "")?;
        assert_unchanged(&env.project.join("mine"), &before);
        Ok(())
    },
    fn what_a_paude_killed_at_any_moment_left_is_cleared_by_the_next_run(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let before = snapshot(&env.project.join("mine"));
        for pause in (0..300).step_by(if lane.is_native() { 4 } else { 45 }) {
            let child = start(lane, &env, "touch .venv/mine; sleep 100");
            std::thread::sleep(Duration::from_millis(pause));
            kill_paude(child);
            next_run(lane, &env);
        }
        // A container that was still being started would exist by now.
        std::thread::sleep(Duration::from_secs(1));
        nothing_left(lane, &env);
        assert_unchanged(&env.project.join("mine"), &before);
        Ok(())
    },
    fn a_signal_at_any_moment_leaves_nothing(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        std::fs::create_dir_all(env.home().join(".local/state/paude"))?;
        lane.give(&env.home());
        for pause in (0..300).step_by(if lane.is_native() { 4 } else { 30 }) {
            let child = start(lane, &env, "touch .venv/mine; sleep 100");
            std::thread::sleep(Duration::from_millis(pause));
            kill("TERM", child.id());
            // Before paude handles signals, one ends it without an exit code.
            let code = end(child).0.status.code();
            assert!(matches!(code, None | Some(143 | 125)), "after {pause} ms: {code:?}");
            nothing_left(lane, &env);
        }
        Ok(())
    },
    fn two_runs_at_once_have_shadows_of_their_own(lane: &Lane) -> Outcome {
        several(lane, 2)
    },
    fn many_runs_at_once_have_shadows_of_their_own(lane: &Lane) -> Outcome {
        several(lane, if lane.is_native() { 50 } else { 10 })
    },
    /// The other may remove the mount point between this run's check and its mount.
    fn a_run_that_starts_while_another_ends_keeps_its_mount_point(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let rounds = if lane.is_native() { 30 } else { 5 };
        for round in 0..rounds {
            let script = format!("set x; touch go-x; {ONE_OF_SEVERAL}");
            let one = start(lane, &env, &script);
            std::thread::sleep(Duration::from_millis(3 * round));
            let other = start(lane, &env, &script);
            for child in [one, other] {
                assert_eq!(end(child).code(0).stderr(), "", "round {round}");
            }
            nothing_left(lane, &env);
        }
        Ok(())
    },
    fn a_workspace_renamed_or_deleted_during_a_run_is_not_created_again(lane: &Lane) -> Outcome {
        let mut env = lane.env_with("mine/.venv/pyvenv.cfg");
        let child = running(lane, &env);
        let moved = env.root().join("moved");
        std::fs::rename(&env.project, &moved).unwrap();
        let before = snapshot(&moved.join("mine"));
        std::fs::write(moved.join("go"), "").unwrap();
        end(child).code(0);
        assert!(!env.project.exists());
        assert_unchanged(&moved.join("mine"), &before);
        assert_eq!(lane.containers(&env), "");
        env.project = moved;
        nothing_left(lane, &env);

        std::fs::remove_file(env.project.join("go"))?;
        std::fs::remove_file(env.project.join("ready"))?;
        let child = running(lane, &env);
        // The host can remove a directory that is a mount point only in the container.
        std::fs::remove_dir_all(&env.project).unwrap();
        // The file `go` cannot be written any more.
        kill("TERM", child.id());
        let code = end(child).0.status.code();
        assert!(matches!(code, Some(120 | 143 | 1)), "{code:?}");
        assert!(!env.project.exists());
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn a_directory_created_in_place_of_the_mount_point_is_not_removed(lane: &Lane) -> Outcome {
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let child = running(lane, &env);
        std::fs::remove_dir(env.project.join(".venv")).unwrap();
        // The person creates an environment there.
        crate::support::tree::make(&env.project, ".venv/pyvenv.cfg");
        let before = snapshot(&env.project.join(".venv"));
        std::fs::write(env.project.join("go"), "").unwrap();
        // What the monitor or the guard says, whichever is first.
        end(child).code(120).says("/.venv` is no");
        assert_unchanged(&env.project.join(".venv"), &before);
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn a_read_only_workspace_works_unless_a_mount_point_is_needed(lane: &Lane) -> Outcome {
        // Only root can mount it, and a rootless podman does not see mounts made after its
        // pause process started.
        if !rustix::process::geteuid().is_root() || lane.name == "podman-rootless" {
            return Ok(());
        }
        let env = lane.env_with("mine/.venv/pyvenv.cfg");
        let before = snapshot(&env.project);
        let read_only = ReadOnly::new(&env.project);
        let script = "touch mine/.venv/made; ! touch made 2>/dev/null";
        lane.sh(&env, &[], script).code(0);
        let ran = lane.paude(&env, &["--venv", ".venv", "--", "true"]).code(125);
        ran.says("error: cannot create the mount point `.venv`: Read-only file system")
            .says("\nhint: create the directory yourself");
        drop(read_only);
        assert_unchanged(&env.project, &before);
        nothing_left(lane, &env);
        Ok(())
    },
    fn an_unreadable_directory_is_reported_and_an_error_if_listed(lane: &Lane) -> Outcome {
        if lane.ids().0 == 0 {
            return Ok(()); // root can read everything
        }
        let env = lane.env_with(".venv/pyvenv.cfg\nclosed/.venv/pyvenv.cfg");
        let closed = env.project.join("closed");
        std::os::unix::fs::chown(&closed, Some(0), Some(0))?;
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700))?;
        let before = snapshot(&env.project);
        let ran = lane.sh(&env, &[], "test -z \"$(ls -A .venv)\"; ! ls closed 2>/dev/null").code(0);
        assert!(ran.stderr().contains("warning: `closed`: "), "{}", ran.stderr());
        assert!(ran.stderr().contains("Hiding: .venv\n"), "{}", ran.stderr());
        // Listed, it is an error.
        lane.paude(&env, &["--venv", "closed/.venv", "--", "true"]).code(125).says("closed/.venv");
        // In a directory that is not writable, no mount point can be created.
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755))?;
        lane.paude(&env, &["--venv", "closed/new", "--", "true"])
            .code(125)
            .says("cannot create the mount point `closed/new`: Permission denied");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700))?;
        assert_unchanged(&env.project, &before);
        Ok(())
    },
    fn a_fifo_or_a_file_of_that_name_is_not_hidden_and_an_error_if_listed(lane: &Lane) -> Outcome {
        for make in ["mkfifo .venv", "echo text >.venv"] {
            let env = lane.env();
            assert!(env.command("sh").args(["-c", make]).status()?.success());
            let before = snapshot(&env.project.join("."));
            let ran = lane.sh(&env, &[], "test -e .venv; ! test -d .venv").code(0);
            assert!(!ran.stderr().contains("Shadowing"), "{}", ran.stderr());
            let ran = lane.paude(&env, &["--venv", ".venv", "--", "true"]).code(125);
            assert_eq!(ran.stderr().matches("error: ").count(), 1, "{}", ran.stderr());
            assert!(ran.stderr().contains(".venv"), "{}", ran.stderr());
            assert_unchanged(&env.project, &before);
        }
        Ok(())
    },
    fn without_a_state_directory_no_mount_point_is_created(lane: &Lane) -> Outcome {
        let mut env = lane.env_with("mine/.venv/pyvenv.cfg");
        env.vars.push(("XDG_STATE_HOME".to_owned(), "/proc/none".to_owned()));
        lane.sh(&env, &[], "touch mine/.venv/made").code(0);
        lane.paude(&env, &["--venv", ".venv", "--", "true"])
            .code(125)
            .says("no journal to record it in");
        assert_eq!(lane.containers(&env), "");
        assert!(!env.project.join(".venv").exists());
        Ok(())
    }
);
