//! Directories that are shared besides the project.

use std::path::PathBuf;

use super::Test;
use super::faults::ReadOnly;
use super::lane::Lane;
use crate::parameterized;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, tree, wait_for};

/// A project, and a directory `shared` beside it with an environment of its own.
fn arrange(lane: &Lane) -> (Env, PathBuf) {
    let env = lane.env_with(".venv/pyvenv.cfg\n.venv/bin/python");
    let shared = env.root().join("shared");
    tree::make(&shared, "lib.py: \"value = 7\\n\"\n.venv/pyvenv.cfg\n.venv/lib/module.py");
    lane.give(&env.root());
    (env, shared)
}

parameterized!(
    Test,
    fn it_is_there_at_its_own_path_with_its_environments_hidden(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        let before = snapshot(&shared.join(".venv"));
        let path = shared.display();
        let script = format!(
            "cat ../shared/lib.py; ls -A {path}/.venv; echo new >{path}/new; touch {path}/.venv/x"
        );
        let ran = lane.sh(&env, &["--with", "../shared"], &script).code(0);
        let ran = ran.prints("value = 7\n").says(&format!("Sharing {path} too\n"));
        ran.says(&format!("Hiding: .venv, {path}/.venv\n"));
        assert_eq!(std::fs::read_to_string(shared.join("new"))?, "new\n");
        assert_unchanged(&shared.join(".venv"), &before);
        Ok(())
    },
    fn what_is_shared_read_only_cannot_be_written(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        let before = snapshot(&shared);
        let path = shared.display();
        let script = format!(
            "cat {path}/lib.py
            for file in new lib.py; do
              if (echo x >{path}/$file) 2>/dev/null; then echo \"wrote $file\"; fi
            done
            if mv {path}/lib.py {path}/moved 2>/dev/null; then echo moved; fi
            echo x >{path}/.venv/x; cat {path}/.venv/x; echo x >here"
        );
        let ran = lane.sh(&env, &["--with", "../shared:ro"], &script).code(0);
        ran.prints("value = 7\nx\n").says(&format!("Sharing {path} too, read-only\n"));
        assert_unchanged(&shared, &before);
        assert!(env.project.join("here").exists());
        Ok(())
    },
    fn its_own_paude_json_decides_what_is_hidden_in_it_and_nothing_else(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        let settings = "{\"venv\": [\"auto\", \"later\", \"!.venv\"], \"setup\": \"exit 9\"}";
        std::fs::write(shared.join("paude.json"), settings)?;
        lane.give(&shared);
        let script = "ls -A ../shared/.venv ../shared/later; touch ../shared/later/x";
        lane.sh(&env, &["--with", "../shared"], script)
            .code(0)
            .prints("../shared/.venv:\nlib\npyvenv.cfg\n\n../shared/later:\n")
            .says("stays open, as asked");
        // The mount point was created for the run, and removed after it.
        assert!(!shared.join("later").exists());
        Ok(())
    },
    fn two_are_shared_and_an_overlap_is_refused(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        tree::make(&env.root(), "third/file: \"third\\n\"");
        lane.give(&env.root());
        let with = ["--with", "../shared:ro", "--with", "../third"];
        lane.sh(&env, &with, "cat ../third/file ../shared/lib.py")
            .code(0)
            .prints("third\nvalue = 7\n");
        let inner = shared.join("inner").display().to_string();
        std::fs::create_dir(&inner)?;
        lane.sh(&env, &["--with", "../shared", "--with", &inner], "touch ran")
            .code(2)
            .says("overlaps with `");
        assert!(!env.project.join("ran").exists());
        Ok(())
    },
    /// Removing the mount point on the host takes the empty directory away.
    fn losing_a_hidden_environment_of_it_stops_the_container(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        let mut command = lane.command(&env);
        command.args(["--quiet", "--with", "../shared", "--", "/bin/sh", "-c"]);
        command.arg("touch ready; while :; do sleep 1; done");
        command.stderr(std::process::Stdio::piped());
        let child = command.stdin(std::process::Stdio::null()).spawn()?;
        wait_for("the container does not start", 60, || env.project.join("ready").exists());
        std::fs::rename(shared.join(".venv"), shared.join("away"))?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(120), "{said}");
        let wanted = format!("`{}` is no longer hidden", shared.join(".venv").display());
        assert!(said.contains(&wanted), "{said}");
        assert_eq!(lane.containers(&env), "");
        Ok(())
    },
    fn the_receipt_has_its_environments_too(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        let receipt = env.root().join("receipt.json").display().to_string();
        lane.paude(&env, &["--with", "../shared", "--receipt", &receipt, "--", "true"]).code(0);
        let receipt: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(receipt)?)?;
        assert_eq!(receipt["unchanged"], true);
        let directories: Vec<_> = receipt["environments"].as_array().unwrap().iter().collect();
        let directory = |n: usize| directories[n]["directory"].as_str().map(PathBuf::from);
        assert_eq!(directory(0), Some(env.project.join(".venv")));
        assert_eq!(directory(1), Some(shared.join(".venv")));
        Ok(())
    }
);

/// Tries to write below `$SHARED`, also after a remount: prints what succeeded.
const WRITE: &str = r#"
    touch "$SHARED/new" 2>/dev/null && echo "created a file"
    echo x 2>/dev/null >>"$SHARED/lib.py" && echo "changed a file"
    python3 -c 'import ctypes, os
MS_REMOUNT_BIND = 32 | 4096
failed = ctypes.CDLL(None).mount(None, os.environ["SHARED"].encode(), None, MS_REMOUNT_BIND, None)
print("remounted it") if not failed else None'
    touch "$SHARED/new" 2>/dev/null && echo "created a file after all"
    grep " $SHARED " /proc/self/mountinfo | grep -c ' ro,'"#;

parameterized!(
    Test,
    OF_CRUN,
    /// As root, crun makes a bind mount of what is read-only on the host writable, unless told not to.
    fn crun_cannot_write_what_is_shared_read_only(lane: &Lane) -> Outcome {
        let (env, shared) = arrange(lane);
        let before = snapshot(&shared);
        let variable = format!("SHARED={}", shared.display());
        let run = |directory: &str, options: &[&str]| {
            let all = [&["--with", directory, "-e", &variable], options].concat();
            lane.sh(&env, &all, &format!("set +e; {WRITE}"))
        };
        run("../shared:ro", &[]).code(0).prints("1\n");
        assert_unchanged(&shared, &before);
        let _read_only = ReadOnly::new(&shared);
        for directory in ["../shared", "../shared:ro"] {
            let ran = run(directory, &[]).code(0).prints("1\n");
            ran.says(&format!("Sharing {} too, read-only\n", shared.display()));
            assert_unchanged(&shared, &before);
        }
        Ok(())
    },
);
