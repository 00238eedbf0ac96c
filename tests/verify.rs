//! `paude verify` where something is wrong, shown with an engine that is a shell script
//! and hides nothing; see also `engines::verify`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, tree};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![
        an_engine_that_loses_a_shadow_is_found_out,
        damage_to_the_hosts_environment_is_found_out,
        what_could_not_be_read_is_not_said_to_be_untouched,
        what_a_container_says_cannot_forge_a_line,
        what_json_cannot_say_is_found_out_before_anything_is_run,
        a_conda_environment_without_python_is_none_that_could_fail,
        a_signal_ends_it_and_fails_no_step,
        what_is_not_hidden_is_told,
        an_engine_that_is_missing_is_an_error,
        a_project_without_environments_is_an_error,
    ]
}

/// A project whose podman does this, given the words of the container's first process.
fn project(podman: &str) -> Env {
    let mut env = Env::with(".venv/pyvenv.cfg: \"home = /usr/bin\\n\"\n.venv/bin/pip");
    std::os::unix::fs::symlink("/bin/true", env.project.join(".venv/bin/python")).unwrap();
    let file = env.root().join("bin/podman");
    tree::write(&file, &format!("#!/bin/sh\n[ \"$1\" = run ] || exit 0\n{podman}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}/bin:/usr/sbin:/usr/bin:/sbin:/bin", env.root().display());
    env.vars.push(("PATH".to_owned(), path));
    env
}

const VERIFY: [&str; 3] = ["verify", "--engine", "podman"];

fn an_engine_that_loses_a_shadow_is_found_out() -> Outcome {
    let env = project("while [ \"$1\" != -c ]; do shift; done; exec /bin/sh \"$@\"");
    let before = snapshot(&env.project);
    let said = env.paude(&VERIFY).code(1).stdout();
    let place = env.project.join(".venv").display().to_string();
    let wanted = format!(
        "{} with podman, docker.io/library/python:3-slim
✓ the environment of the host works: `.venv`, 
✗ the container sees it empty: failed: paude: guard: `{place}` is not hidden: no mount of its own lies over it; nothing was run
– a new one can be made in the container: skipped: the step before it failed
– the new one works: skipped: the step before it failed
✓ the container has ended
✓ the environment of the host still works: `.venv`, 
✓ the environment of the host is untouched: `.venv`: 5 entries as before
",
        env.project.display()
    );
    assert_eq!(said, wanted);
    assert_unchanged(&env.project, &before);
    Ok(())
}

fn damage_to_the_hosts_environment_is_found_out() -> Outcome {
    let env = project("rm .venv/bin/python; echo >>.venv/bin/pip; exit 0");
    let said = env.paude(&VERIFY).code(1).stdout();
    assert!(said.contains("✓ the environment of the host works"), "{said}");
    assert!(said.contains("✗ the environment of the host still works: failed: `.venv`: "));
    let untouched = "✗ the environment of the host is untouched: failed: `.venv`: 3 entries of it are \
        not as they were, `bin` the first\n";
    assert!(said.ends_with(untouched), "{said}");
    let json = env.paude(&[&VERIFY[..], &["--format", "json"]].concat()).code(1).stdout();
    let document: Value = serde_json::from_str(&json)?;
    assert_eq!(document["passed"], false);
    assert_eq!(document["environments"][0]["changes"][0]["path"], "bin/pip");
    Ok(())
}

fn what_could_not_be_read_is_not_said_to_be_untouched() -> Outcome {
    let mut env = project("exit 1");
    env.leave_root();
    let closed = env.project.join(".venv/bin/pip");
    std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o000))?;
    let said = env.paude(&VERIFY).code(1).stdout();
    assert!(said.ends_with("`.venv`: 5 entries as before, 1 of them unread\n"), "{said}");
    Ok(())
}

fn what_a_container_says_cannot_forge_a_line() -> Outcome {
    let env = project("printf 'paude-verify empty no\\n\\033[2J\\r✓ all is well\\n'; exit 1");
    let said = env.paude(&VERIFY).code(1).stdout();
    assert!(said.contains("✗ the container sees it empty: failed: \\u{1b}[2J"), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with('✓')).count(), 4, "{said}");
    Ok(())
}

fn what_json_cannot_say_is_found_out_before_anything_is_run() -> Outcome {
    let mut env = project("touch ran");
    let place = env.root().join(OsStr::from_bytes(b"pro\xffject"));
    std::fs::rename(&env.project, &place)?;
    env.project = place;
    for engine in ["podman", "native"] {
        let args = ["verify", "--engine", engine, "--format", "json"];
        env.paude(&args).code(125).prints("").says("is not UTF-8, and JSON cannot say it");
    }
    assert!(!env.project.join("ran").exists());
    Ok(())
}

fn a_conda_environment_without_python_is_none_that_could_fail() -> Outcome {
    let env = project("exit 1");
    std::fs::remove_dir_all(env.project.join(".venv"))?;
    std::fs::create_dir_all(env.project.join(".pixi/envs/default/conda-meta"))?;
    let said = env.paude(&VERIFY).code(1).stdout();
    assert!(
        said.contains("– the environment of the host works: skipped: there is none\n"),
        "{said}"
    );
    Ok(())
}

/// While the container runs, and when the host's environment is looked at again.
fn a_signal_ends_it_and_fails_no_step() -> Outcome {
    let env = project("kill -TERM $PPID; exec sleep 5");
    env.paude(&VERIFY).code(143).prints("").says("error: ended by SIGTERM; nothing was verified\n");
    let env = project("exit 0");
    let python = env.project.join(".venv/bin/python");
    std::fs::remove_file(&python)?;
    let script = "#!/bin/sh\n[ ! -e \"$0.once\" ] || kill -TERM $PPID\n: >\"$0.once\"\n";
    tree::write(&python, script);
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755))?;
    let ran = env.paude(&VERIFY).prints("");
    assert_eq!(ran.0.status.signal(), Some(15), "{}", ran.stderr());
    Ok(())
}

fn what_is_not_hidden_is_told() -> Outcome {
    let env = project("exit 1");
    env.paude(&[&VERIFY[..], &["--venv", "other"]].concat())
        .code(1)
        .says("warning: `.venv`: an environment of the host is not hidden: it is not listed\n");
    Ok(())
}

fn an_engine_that_is_missing_is_an_error() -> Outcome {
    let mut env = project("");
    env.vars.push(("PATH".to_owned(), env.home().display().to_string()));
    env.paude(&VERIFY).code(125).says("error: podman is not installed").prints("");
    Ok(())
}

fn a_project_without_environments_is_an_error() -> Outcome {
    let env = Env::with("README");
    env.paude(&["verify"]).code(125).says(
        "error: there is nothing to verify: no environment of this project is hidden\nhint: ",
    );
    Ok(())
}
