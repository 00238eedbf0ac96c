//! What goes wrong around a run, shown with engines that are shell scripts: no real
//! one fails so exactly when it is told to. The real ones: `engines::faults`.

mod places;
mod volumes;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::tree;
use crate::support::{Env, Outcome, Ran, paude};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        an_engine_that_cannot_be_executed,
        an_engine_that_dies_at_once,
        an_engine_that_is_killed_loses_its_container,
        a_docker_daemon_that_is_silent,
        a_killed_run_is_cleared_by_the_next,
        what_a_killed_run_left_is_kept_if_the_person_uses_it,
        a_container_that_cannot_be_removed_keeps_its_directory,
        a_directory_made_meanwhile_is_the_persons,
        a_journal_that_names_a_container_of_others_is_not_believed,
        a_lost_shadow_ends_the_run,
        a_lost_shadow_whose_container_goes_on_is_told,
        a_signal_after_the_setup_ends_the_command_too,
        what_a_client_leaves_behind_is_not_waited_for,
        a_mount_point_can_be_read_by_another_person,
        a_container_that_cannot_be_ended_is_named,
    ];
    trials.extend(places::trials());
    trials.extend(volumes::trials());
    trials
}

/// An engine that does this on `run`, `rm` and `info`, and logs what it was asked.
fn fake(env: &mut Env, engine: &str, run: &str, others: &str) {
    let root = env.root().display().to_string();
    let script = format!(
        "#!/bin/sh\nROOT='{root}'\ncase $1 in\n  run) echo run >>\"$ROOT/log\"; {run} ;;\n  \
         *) echo \"$@\" >>\"$ROOT/log\"; echo NAME; {others} ;;\nesac\n"
    );
    let file = env.root().join("bin").join(engine);
    tree::write(&file, &script);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    env.vars.retain(|(name, _)| name != "PATH");
    env.vars.push(("PATH".to_owned(), format!("{root}/bin:/usr/sbin:/usr/bin:/sbin:/bin")));
}

/// A run of a fake podman with `.venv` reserved.
fn reserved(env: &Env) -> Ran {
    env.paude(&["--quiet", "--engine", "podman", "--venv", ".venv", "--", "true"])
}

/// What the engine was asked, one word each time.
fn asked(env: &Env) -> String {
    let log = std::fs::read_to_string(env.root().join("log")).unwrap_or_default();
    log.lines().map(|line| line.split(' ').next().unwrap().to_owned() + " ").collect()
}

/// What all journals hold.
fn journal(env: &Env) -> String {
    let dir = env.home().join(".local/state/paude");
    let files = std::fs::read_dir(dir).into_iter().flatten();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

/// Fails unless stderr holds exactly one error, and it says this.
#[track_caller]
fn one_error(ran: &Ran, text: &str) {
    let stderr = ran.stderr();
    assert_eq!(stderr.matches("error: ").count(), 1, "{stderr}");
    assert!(stderr.contains(text), "no {text:?} in: {stderr}");
}

fn an_engine_that_cannot_be_executed() -> Outcome {
    for (engine, cannot) in
        [("podman", "cannot start `podman`"), ("docker", "daemon does not answer")]
    {
        let mut env = Env::with("README");
        fake(&mut env, engine, "", "");
        env.vars.push(("PATH".to_owned(), format!("{}/bin", env.root().display())));
        env.vars.push(("DOCKER_HOST".to_owned(), "tcp://nowhere".to_owned()));
        let before = snapshot(&env.project.join("README"));
        let file = env.root().join("bin").join(engine);
        let fails = |text: &str, mode: u32| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let ran = env.paude(&["--engine", engine, "--venv", ".venv", "--", "true"]).code(125);
            one_error(&ran.says("\nhint: "), text);
            assert!(!env.project.join(".venv").exists());
            assert_unchanged(&env.project.join("README"), &before);
            assert_eq!(journal(&env), "");
        };
        fails(&format!("error: {engine} is not installed"), 0o644);
        tree::write(&file, "#!/no/such/interpreter\n");
        fails(cannot, 0o755);
    }
    Ok(())
}

fn an_engine_that_dies_at_once() -> Outcome {
    for (run, code, more) in [
        ("exit 1", 1, ""),
        ("echo 'Error: no such image' >&2; exit 125", 125, "rm "),
        // Was it the shell that is not there?
        ("exit 127", 127, "run "),
        ("kill -SEGV $$", 139, "rm "),
    ] {
        let mut env = Env::with("README");
        fake(&mut env, "podman", run, "exit 0");
        let before = snapshot(&env.project.join("README"));
        let ran = reserved(&env).code(code);
        let errors = ran.stderr().to_lowercase().matches("error: ").count();
        assert_eq!(errors, usize::from(code >= 125 && code != 127), "{}", ran.stderr());
        assert_eq!(asked(&env), format!("run {more}"));
        assert!(!env.project.join(".venv").exists());
        assert_unchanged(&env.project.join("README"), &before);
        assert_eq!(journal(&env), "");
    }
    Ok(())
}

fn an_engine_that_is_killed_loses_its_container() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "kill -KILL $$", "exit 0");
    one_error(&reserved(&env).code(137), "error: podman was killed by signal 9\n");
    let log = std::fs::read_to_string(env.root().join("log"))?;
    assert!(log.contains("\nrm --force --volumes --time 0 -- paude-"), "{log}");
    assert!(!env.project.join(".venv").exists());
    Ok(())
}

fn a_docker_daemon_that_is_silent() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "docker", "exit 0", "exit 1");
    let socket = env.root().join("docker.sock");
    env.vars.push(("DOCKER_HOST".to_owned(), format!("unix://{}", socket.display())));
    let before = snapshot(&env.root());
    let run = || {
        one_error(
            &env.paude(&["--engine", "docker", "--venv", ".venv", "--", "true"]).code(125),
            "docker is installed, but its daemon does not answer\nhint: start it",
        );
    };
    run();
    assert_unchanged(&env.root(), &before);
    // One that takes connections and says nothing.
    let listener = std::os::unix::net::UnixListener::bind(&socket)?;
    run();
    drop(listener);
    assert_eq!(asked(&env), "");
    Ok(())
}

/// The engine kills paude, as the out-of-memory killer would.
const KILLS_PAUDE: &str = "kill -KILL $PPID; exit 0";

/// The journal of a run that was killed.
fn left_by_a_killed_run(env: &mut Env) -> PathBuf {
    fake(env, "podman", KILLS_PAUDE, "exit 0");
    assert_eq!(reserved(env).0.status.code(), None);
    let dir = env.home().join(".local/state/paude");
    std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path()
}

fn a_killed_run_is_cleared_by_the_next() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", KILLS_PAUDE, "exit 0");
    let args = ["--engine", "podman", "--venv", "deep/er/.venv", "--", "true"];
    assert_eq!(env.paude(&args).0.status.code(), None);
    assert!(env.project.join("deep/er/.venv").exists());
    // Also if the workspace was renamed since, and with another engine.
    let moved = env.root().join("moved");
    std::fs::rename(&env.project, &moved)?;
    env.project = moved;
    fake(&mut env, "docker", "exit 0", "exit 0");
    env.vars.push(("DOCKER_CONTEXT".to_owned(), "x".to_owned()));
    env.paude(&["--engine", "docker", "--", "true"]).code(0);
    assert!(!env.project.join("deep").exists());
    assert_eq!(asked(&env), "run info rm run ");
    assert_eq!(journal(&env), "");
    Ok(())
}

fn what_a_killed_run_left_is_kept_if_the_person_uses_it() -> Outcome {
    type Use = (fn(&Path), &'static str);
    let uses: [Use; 3] = [
        (|dir| std::fs::write(dir.join("file"), "").unwrap(), "a file in it"),
        (
            |dir| {
                std::fs::remove_dir(dir).unwrap();
                std::fs::create_dir(dir).unwrap();
            },
            "one of their own, perhaps with the same inode",
        ),
        (
            |dir| {
                std::fs::remove_dir(dir).unwrap();
                std::fs::create_dir(dir.with_file_name("elsewhere")).unwrap();
                symlink("elsewhere", dir).unwrap();
            },
            "a link",
        ),
    ];
    for (used, how) in uses {
        let mut env = Env::with("README");
        fake(&mut env, "podman", KILLS_PAUDE, "exit 0");
        assert_eq!(reserved(&env).0.status.code(), None);
        used(&env.project.join(".venv"));
        let before = snapshot(&env.project);
        fake(&mut env, "podman", "exit 0", "exit 0");
        env.paude(&["--engine", "podman", "--", "true"]).code(0);
        reserved(&env).code(0);
        assert!(env.project.join(".venv").exists(), "{how}");
        assert_unchanged(&env.project, &before);
        assert_eq!(journal(&env), "", "{how}");
    }
    Ok(())
}

/// It may still run: to remove the directory would uncover the project to it.
fn a_container_that_cannot_be_removed_keeps_its_directory() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "kill -KILL $$", "exit 1");
    one_error(&reserved(&env).code(137), "and its container cannot be removed");
    assert!(env.project.join(".venv").exists());
    let noted = journal(&env).lines().count();
    fake(&mut env, "podman", "exit 0", "exit 1");
    for _ in 0..2 {
        env.paude(&["--engine", "podman", "--", "true"]).code(0);
        assert_eq!(journal(&env).lines().count(), noted, "it does not grow: {}", journal(&env));
    }
    fake(&mut env, "podman", "exit 0", "exit 0");
    env.paude(&["--engine", "podman", "--", "true"]).code(0);
    assert!(!env.project.join(".venv").exists());
    assert_eq!(journal(&env), "");
    Ok(())
}

fn a_directory_made_meanwhile_is_the_persons() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "rmdir .venv && mkdir .venv", "exit 0");
    reserved(&env).code(0);
    assert!(env.project.join(".venv").exists());
    // It was there before: hidden, and not removed.
    fake(&mut env, "podman", "exit 0", "exit 0");
    reserved(&env).code(0);
    assert!(env.project.join(".venv").exists());
    assert_eq!(journal(&env), "");
    Ok(())
}

/// In a project that is a whole home directory, a container could write there.
fn a_journal_that_names_a_container_of_others_is_not_believed() -> Outcome {
    let mut env = Env::with("README");
    let file = left_by_a_killed_run(&mut env);
    let line = "{\"container\":{\"engine\":\"podman\",\"name\":\"database\"}}\n";
    std::fs::write(&file, std::fs::read_to_string(&file)? + line)?;
    fake(&mut env, "podman", "exit 0", "exit 0");
    reserved(&env).code(0);
    let log = std::fs::read_to_string(env.root().join("log"))?;
    assert!(log.contains(" -- paude-") && !log.contains("database"), "{log}");
    assert_eq!(journal(&env), "");
    Ok(())
}

/// A podman whose container is a process of the host, in which nothing is hidden. It is
/// removed so.
fn uncovered(env: &mut Env, remove: &str) {
    let script = format!(
        "echo $$ >\"$ROOT/pid\"; exec sleep 30 ;;\n  inspect) cat \"$ROOT/pid\" ;;\n  \
         exec) shift 4; exec \"$@\" ;;\n  rm) {remove}"
    );
    fake(env, "podman", &script, "exit 1");
}

fn a_lost_shadow_ends_the_run() -> Outcome {
    let mut env = Env::with("README");
    uncovered(&mut env, "kill \"$(cat \"$ROOT/pid\")\"; echo NAME");
    let started = std::time::Instant::now();
    let wanted = format!(
        "`{}/.venv` is no longer hidden; the container was stopped\nhint: ",
        env.project.display()
    );
    one_error(&reserved(&env).code(120), &wanted);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert!(!env.project.join(".venv").exists());
    assert_eq!(journal(&env), "");
    Ok(())
}

/// To remove its mount point would be to believe that it ended.
fn a_lost_shadow_whose_container_goes_on_is_told() -> Outcome {
    let mut env = Env::with("README");
    uncovered(&mut env, "exit 1");
    let started = std::time::Instant::now();
    let ran = reserved(&env).code(120).says("end it: podman rm --force paude-");
    one_error(&ran, "/.venv` is no longer hidden, and the container cannot be stopped\n");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert!(env.project.join(".venv").exists());
    assert!(journal(&env).contains("container"), "{}", journal(&env));
    Ok(())
}

/// So late that the setup did not notice, and that paude is asking for the volume.
fn a_signal_after_the_setup_ends_the_command_too() -> Outcome {
    let args = ["--storage", "volume", "--setup", "true", "--engine", "podman", "--", "true"];
    let kill = "kill -TERM $PPID";
    let at_volumes = format!("[ ! -e \"$ROOT/ran\" ] || {kill}");
    for (at_run, others, code) in [(kill, "exit 0", Some(143)), (":", &at_volumes, None)] {
        let mut env = Env::with(".venv/pyvenv.cfg");
        // Volumes are made ready by a run as well.
        let run = format!(
            "case $* in *paude-volume*) ;; *) echo >>\"$ROOT/ran\"; {at_run} ;; esac; exit 0"
        );
        fake(&mut env, "podman", &run, others);
        assert_eq!(env.paude(&args).0.status.code(), code, "{at_run}");
        assert_eq!(std::fs::read_to_string(env.root().join("ran"))?, "\n", "{at_run}");
    }
    Ok(())
}

fn what_a_client_leaves_behind_is_not_waited_for() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "kill -KILL $$", "sleep 30 & exit 0");
    let started = std::time::Instant::now();
    reserved(&env).code(137);
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    Ok(())
}

/// With a umask that shuts others out, theirs could not even look at it.
fn a_mount_point_can_be_read_by_another_person() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "stat -c %a a a/.venv >\"$ROOT/modes\"", "exit 0");
    let mut command = env.command("sh");
    command.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(paude());
    command.args(["--quiet", "--engine", "podman", "--venv", "a/.venv", "--", "true"]);
    Ran(command.output()?).code(0);
    assert_eq!(std::fs::read_to_string(env.root().join("modes"))?, "755\n755\n");
    Ok(())
}

fn a_container_that_cannot_be_ended_is_named() -> Outcome {
    let mut env = Env::with("README");
    fake(&mut env, "podman", "", "");
    std::fs::write(
        env.root().join("bin/podman"),
        "#!/bin/sh\n[ $1 = run ] || exit 1\nkill -TERM $PPID; exec sleep 20\n",
    )?;
    let ran = reserved(&env).code(143).says("hint: end it: podman rm --force paude-");
    one_error(&ran, "error: the container cannot be removed\n");
    Ok(())
}
