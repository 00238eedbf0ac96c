//! Directories that change under paude, disks that are full, homes that belong to others.

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;

use super::{fake, journal, one_error, reserved, subcommands};
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude, tree, wait_for};
use crate::trials;

/// The tests of this module; those that mount something or give a file away are ignored unless
/// root runs them.
pub fn trials() -> Vec<Trial> {
    let root = rustix::process::geteuid().is_root();
    let of_root = of_root().into_iter().map(|trial| trial.with_ignored_flag(!root));
    of_anyone().into_iter().chain(of_root).collect()
}

/// A mount of the test's own, unmounted when dropped.
struct Mounted<'p>(&'p Path);

impl<'p> Mounted<'p> {
    fn new(path: &'p Path, args: &[&str]) -> Self {
        let status = Command::new("mount").args(args).arg(path).status().unwrap();
        assert!(status.success());
        Self(path)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

trials!(
    of_anyone,
    fn a_run_in_which_everything_is_deleted_leaves_no_mount_point() -> Outcome {
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
    },
    /// The script runs between the check and the mounts, when paude queries `docker info`.
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
            let mut env =
                Env::with(".venv/pyvenv.cfg\na/.venv/pyvenv.cfg\nout -> ../outside\nsrc/");
            tree::make(&env.root(), "outside/pyvenv.cfg\noutside2/pyvenv.cfg");
            fake(&mut env, "docker", "touch ran", script);
            env.set("DOCKER_CONTEXT", "x");
            let args = ["--venv", ".venv", "--venv", "a/.venv", "--venv", "out"];
            let ran = env.paude(&[&["--engine", "docker"], &args[..], &["--", "true"]].concat());
            assert_eq!(ran.exit_code(), Some(125), "{script}: {}", ran.stderr());
            one_error(&ran, "was replaced after paude checked it\nhint: nothing was started");
            let replaced = format!("{what}` was replaced");
            assert!(ran.stderr().contains(&replaced), "{script}: {}", ran.stderr());
            assert_eq!(subcommands(&env), "info ", "{script}");
        }
        Ok(())
    },
    /// A container's own writes are not paude's.
    fn a_limit_of_file_sizes_ends_neither_paude_nor_spares_the_engine() -> Outcome {
        let limited = |env: &Env, args: &[&str]| {
            let mut command = env.command("sh");
            command.args(["-c", "ulimit -f 0; exec \"$0\" \"$@\""]).arg(paude());
            Ran(command.args(["--quiet", "--engine", "podman"]).args(args).output().unwrap())
        };
        let mut env = Env::with("README");
        fake(&mut env, "podman", "exit 0", "exit 0");
        let ran = limited(&env, &["--venv", ".venv", "--", "true"]).code(125);
        one_error(&ran, "cannot create the mount point `.venv`: File too large");
        assert!(!env.project.join(".venv").exists());
        env.fake_podman_run("echo >\"$ROOT/file\"; exit 0");
        let ran = limited(&env, &["--", "true"]).code(153);
        one_error(&ran, "podman was killed by signal 25");
        Ok(())
    },
    /// A run that created it ends between this one's check and its mounts.
    fn a_mount_point_that_another_run_removes_after_the_check_is_created_again() -> Outcome {
        let mut env = Env::with("a/b/.venv/");
        fake(&mut env, "docker", "test -d a/b/.venv", "rm -r a");
        env.set("DOCKER_CONTEXT", "x");
        env.paude(&["--engine", "docker", "--venv", "a/b/.venv", "--", "true"]).code(0);
        assert!(!env.project.join("a").exists());
        Ok(())
    }
);

trials!(
    of_root,
    fn on_a_full_disk_nothing_is_left_half_created() -> Outcome {
        let mut env = Env::new();
        fake(&mut env, "podman", "exit 0", "exit 0");
        let project = env.project.clone();
        let _mounted = Mounted::new(&project, &["-t", "tmpfs", "-o", "nr_inodes=3", "none"]);
        std::fs::create_dir(project.join("src"))?;
        let before = snapshot(&project);
        for venv in [".venv", "deep/er/.venv"] {
            // Of the second, the first directory can still be created.
            if venv == ".venv" {
                std::fs::write(project.join("full"), "")?;
            } else {
                std::fs::remove_file(project.join("full"))?;
            }
            let args = ["--engine", "podman", "--venv", venv, "--", "true"];
            let ran = env.paude(&args).code(125).says("hint: free some space");
            one_error(&ran, "cannot create the mount point `");
            assert!(ran.stderr().contains("No space left"));
        }
        let left: Vec<_> =
            std::fs::read_dir(&project)?.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["src"], "{before:?}");
        assert_eq!((subcommands(&env), journal(&env)), (String::new(), String::new()));
        // With the state directory full, no mount point is created that could not be noted.
        let state = env.root().join("state");
        std::fs::create_dir_all(state.join("paude"))?;
        let _full = Mounted::new(&state, &["-t", "tmpfs", "-o", "nr_inodes=1", "none"]);
        env.set("XDG_STATE_HOME", state.display().to_string());
        one_error(&reserved(&env).code(125), "no journal to record it in");
        env.paude(&["--engine", "podman", "--", "true"]).code(0);
        Ok(())
    },
    /// With crun, rootful podman would mount it writable.
    fn a_read_only_workspace_is_mounted_read_only() -> Outcome {
        let mut env = Env::with(".venv/pyvenv.cfg");
        for engine in ["podman", "docker"] {
            fake(&mut env, engine, "printf '%s\\n' \"$@\" >\"$ROOT/args\"; exit 0", "exit 0");
        }
        env.set("DOCKER_CONTEXT", "x");
        let project = env.project.clone();
        let path = project.to_str().unwrap().to_owned();
        let bind = format!("type=bind,\"source={path}\",\"destination={path}\"");
        let run = |engine: &str| {
            env.paude(&["--quiet", "--engine", engine, "--", "true"]).code(0);
            std::fs::read_to_string(env.root().join("args")).unwrap()
        };
        for engine in ["podman", "docker"] {
            let args = run(engine);
            assert!(args.contains(&format!("\n{bind}\n")) && !args.contains("\nro\n"), "{args}");
            let _mounted = Mounted::new(&project, &["--bind", "-o", "ro", &path]);
            let args = run(engine);
            assert!(args.contains(&format!("\n{bind},readonly\n")), "{args}");
            assert!(args.contains("\nro\n1\n"), "{args}");
        }
        Ok(())
    },
    fn in_a_read_only_workspace_nothing_is_started_without_its_mount_point() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "podman", "exit 0", "exit 0");
        let project = env.project.clone();
        let path = project.to_str().unwrap().to_owned();
        let _mounted = Mounted::new(&project, &["--bind", "-o", "ro", &path]);
        one_error(
            &reserved(&env).code(125),
            "cannot create the mount point `.venv`: Read-only file system",
        );
        assert_eq!(subcommands(&env), "");
        Ok(())
    },
    /// As with a `sudo` that keeps HOME.
    fn in_the_home_of_another_user_nothing_is_created() -> Outcome {
        let mut env = Env::with("mine/.venv/pyvenv.cfg");
        fake(&mut env, "podman", "exit 3", "exit 0");
        std::os::unix::fs::chown(env.home(), Some(12345), None)?;
        let before = snapshot(&env.home());
        let theirs = format!("`{}` belongs to another user", env.home().display());
        one_error(&reserved(&env).code(125), &theirs);
        let ran = env.paude(&["--engine", "podman", "--storage", "volume", "--", "true"]);
        one_error(&ran.code(125), &theirs);
        // No mount point has to be created: it goes on.
        env.paude(&["--engine", "podman", "--", "true"]).code(3);
        assert_unchanged(&env.home(), &before);
        Ok(())
    },
    /// The run that created the mount point ends first, in a shared workspace.
    fn a_mount_point_in_use_by_another_user_is_removed_later() -> Outcome {
        let mut env = Env::with("README");
        let other = env.root().join("other");
        let run = "test -e \"$ROOT/first\" || { touch \"$ROOT/first\"; \
                   while [ ! -e \"$ROOT/go\" ]; do sleep 0.05; done; }; test -d .venv";
        fake(&mut env, "podman", run, "exit 0");
        let mut command = env.command(paude());
        command.args(["--quiet", "--engine", "podman", "--venv", ".venv", "--", "true"]);
        let mut first = command.env("HOME", &other).spawn()?;
        wait_for("the first run does not start", 60, || env.root().join("first").exists());
        assert!(env.project.join(".venv").exists());
        // The second run uses it while the first ends.
        let script = "touch \"$ROOT/go\"; \
                      while kill -0 $(cat \"$ROOT/pid\") 2>/dev/null; do sleep 0.05; done; \
                      test -d .venv";
        fake(&mut env, "podman", script, "exit 0");
        std::fs::write(env.root().join("pid"), first.id().to_string()).unwrap();
        let waiter = std::thread::spawn(move || first.wait().unwrap().code());
        reserved(&env).code(0);
        assert_eq!(waiter.join().unwrap(), Some(0));
        // The user who created it removes it in the next run.
        assert!(env.project.join(".venv").exists());
        fake(&mut env, "podman", "exit 0", "exit 0");
        let mut command = env.command(paude());
        command.args(["--quiet", "--engine", "podman", "--", "true"]).env("HOME", &other);
        assert!(command.status()?.success());
        assert!(!env.project.join(".venv").exists());
        Ok(())
    }
);
