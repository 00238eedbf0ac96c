//! The guard, as every container runs it, in each shell that an image may have: mounts of
//! its own, made in a namespace, stand for those that an engine makes.

use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::support::{Env, Outcome, Ran};

/// Shells that images have as `/bin/sh`.
const SHELLS: [&[&str]; 5] =
    [&["dash"], &["bash"], &["bash", "--posix"], &["busybox", "ash"], &["mksh"]];

/// A test that every shell runs.
type Test = fn(&[&str]) -> Outcome;

/// What every shell has to show.
const TESTS: [(&str, Test); 5] = [
    ("proves_ten_shadows_of_any_name", proves_ten_shadows_of_any_name),
    ("stops_at_one_that_is_not_as_it_should_be", stops_at_one_that_is_not_as_it_should_be),
    (
        "takes_a_volume_of_any_kind_with_anything_in_it",
        takes_a_volume_of_any_kind_with_anything_in_it,
    ),
    ("stops_when_the_setup_takes_one_away", stops_when_the_setup_takes_one_away),
    ("watches_on_whatever_signal_the_command_gets", watches_on_whatever_signal_the_command_gets),
];

/// Each test in each shell; ignored where there is no such shell, or no namespace.
pub fn trials() -> Vec<Trial> {
    let namespaces = Ran(in_namespace(&Env::new(), "", &["true"]).output().unwrap());
    let in_ci = std::env::var_os("CI").is_some();
    let mut trials = Vec::new();
    for shell in SHELLS {
        let there = namespaces.0.status.success() && installed(shell[0]);
        for (name, test) in TESTS {
            let trial =
                Trial::test(format!("guard::{}::{name}", shell.join(" ")), move || test(shell));
            trials.push(trial.with_ignored_flag(!there && !in_ci));
        }
    }
    trials
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// A command where mounts can be made, after a script that makes some.
fn in_namespace(env: &Env, mounts: &str, command: &[&str]) -> std::process::Command {
    let mut unshare = env.command("unshare");
    let script = format!("set -e\n{mounts}\nexec \"$@\"");
    unshare.args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", &script, "sh"]);
    unshare.args(command);
    unshare
}

/// The container's first process in this shell, over these shadows.
fn guarded(env: &Env, shell: &[&str], mounts: &str, setup: &str, shadows: &[PathBuf]) -> Ran {
    guarded_as("tmpfs", env, shell, mounts, setup, shadows)
}

/// The same for shadows of this kind.
fn guarded_as(
    kind: &str,
    env: &Env,
    shell: &[&str],
    mounts: &str,
    setup: &str,
    shadows: &[PathBuf],
) -> Ran {
    let mut command = in_namespace(env, mounts, shell);
    command.args(["-c", include_str!("../host/src/render/entry.sh"), "paude", setup, "", kind]);
    command.arg(shadows.len().to_string());
    for shadow in shadows {
        command.arg(shadow).arg(spelling(shadow));
    }
    Ran(command.args(["echo", "ran"]).output().unwrap())
}

/// As the kernel spells it.
fn spelling(path: &Path) -> String {
    let octal = |byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}"),
        _ => char::from(*byte).to_string(),
    };
    path.as_os_str().as_bytes().iter().map(octal).collect()
}

/// A project with directories of these names.
fn project(names: &[&str]) -> (Env, Vec<PathBuf>) {
    let env = Env::new();
    let shadows: Vec<_> = names.iter().map(|name| env.project.join(name)).collect();
    for shadow in &shadows {
        std::fs::create_dir(shadow).unwrap();
    }
    (env, shadows)
}

const ALL: &str =
    "for dir in ./* ./.[!.]*; do [ ! -d \"$dir\" ] || mount -t tmpfs tmpfs \"$dir\"; done";

fn proves_ten_shadows_of_any_name(shell: &[&str]) -> Outcome {
    let names = [
        ".venv",
        "a b",
        "tab\there",
        "new\nline",
        "back\\slash",
        "\\040",
        "*",
        "[a-z]",
        "-n",
        "$(x)'\"",
    ];
    let (env, shadows) = project(&names);
    guarded(&env, shell, ALL, "", &shadows).code(0).prints("ran\n");
    for (missing, shadow) in shadows.iter().enumerate() {
        // `$(...)` would take a newline off the end.
        let name = printed(names[missing]);
        let mounts = format!("{ALL}\nname=$(printf '{name}x'); umount \"./${{name%x}}\"");
        let ran = guarded(&env, shell, &mounts, "", &shadows).code(120).prints("");
        let wanted = format!("paude: guard: `{}` is not hidden", shadow.display());
        assert!(ran.stderr().starts_with(&wanted), "{}", ran.stderr());
    }
    Ok(())
}

/// A name as `printf` takes it.
fn printed(name: &str) -> String {
    name.bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

fn stops_at_one_that_is_not_as_it_should_be(shell: &[&str]) -> Outcome {
    let cases = [
        ("umount .venv", "is not hidden: no mount of its own lies over it; nothing was run"),
        ("umount .venv; mount --bind /usr .venv", "is hidden by a "),
        ("mount -o remount,noexec .venv", "is hidden by a mount that forbids execution"),
        ("mount -o remount,ro .venv", "is hidden by a read-only mount"),
        ("mkdir .venv/x; mount --bind .venv/x .venv/x", "is not empty"),
        ("echo >.venv/x", "is not empty"),
        ("echo >.venv/.x", "is not empty"),
        ("echo >.venv/..x", "is not empty"),
        ("ln -s nowhere .venv/x", "is not empty"),
        // What is mounted last is what is seen.
        ("mount --bind /usr .venv", "is hidden by a "),
    ];
    for (damage, wanted) in cases {
        let (env, shadows) = project(&["venv", ".venv"]);
        let ran = guarded(&env, shell, &format!("{ALL}\n{damage}"), "", &shadows).code(120);
        let ran = ran.prints("").says(wanted);
        assert_eq!(ran.stderr().lines().count(), 1, "{damage}: {}", ran.stderr());
    }
    Ok(())
}

fn takes_a_volume_of_any_kind_with_anything_in_it(shell: &[&str]) -> Outcome {
    const VOLUME: &str = "mkdir kept; echo >kept/own; mount --bind kept .venv";
    let (env, shadows) = project(&[".venv"]);
    guarded_as("volume", &env, shell, VOLUME, "", &shadows).code(0).prints("ran\n");
    let cases = [
        ("umount .venv", "is not hidden: no mount of its own lies over it"),
        ("mount -o remount,bind,noexec .venv", "is hidden by a mount that forbids execution"),
        ("mount -o remount,bind,ro .venv", "is hidden by a read-only mount"),
    ];
    for (damage, wanted) in cases {
        let (env, shadows) = project(&[".venv"]);
        let mounts = format!("{VOLUME}\n{damage}");
        guarded_as("volume", &env, shell, &mounts, "", &shadows).code(120).prints("").says(wanted);
    }
    Ok(())
}

fn stops_when_the_setup_takes_one_away(shell: &[&str]) -> Outcome {
    let (env, shadows) = project(&["venv", ".venv"]);
    guarded(&env, shell, ALL, "umount .venv", &shadows)
        .code(120)
        .prints("")
        .says("is not hidden: no mount of its own lies over it; the command was not run\n");
    guarded(&env, shell, ALL, "touch .venv/made", &shadows).code(0).prints("ran\n");
    Ok(())
}

/// The process that looks from inside.
fn watches_on_whatever_signal_the_command_gets(shell: &[&str]) -> Outcome {
    let (env, shadows) = project(&["a b"]);
    let mut command = in_namespace(&env, ALL, shell);
    command.args(["-c", include_str!("../host/src/engine/watch.sh")]);
    let mut watch = command.stdout(std::process::Stdio::piped()).spawn()?;
    let pid = rustix::process::Pid::from_child(&watch);
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut look = || lines.by_ref().take_while(|line| !line.is_empty()).collect::<Vec<_>>();
    let spelling = spelling(&shadows[0]);
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT] {
        assert!(look().contains(&spelling));
        rustix::process::kill_process(pid, signal)?;
    }
    let last = look();
    watch.kill()?;
    watch.wait()?;
    assert!(last.contains(&spelling), "{last:?}");
    Ok(())
}
