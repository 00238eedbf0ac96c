//! The receipt records every change of the host's environments, and nothing else. Shown with an
//! engine that is a shell script: it runs on the host, and does the damage that a container could
//! do if nothing were hidden.

pub mod bounds;

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Ran, paude, tree, wait_for};
use crate::trials;

const VENV: &str = r##"
    .venv/pyvenv.cfg: "home = /usr/bin\n"
    .venv/bin/python -> /usr/bin/python3
    .venv/bin/pip: "#!/usr/bin/python3\n"
    .venv/lib/module.py: "x = 1\n"
"##;

/// A project whose podman runs this script in it, on the host.
fn project(tree: &str, damage: &str) -> Env {
    let mut env = Env::with(tree);
    env.fake_podman_run(damage);
    env
}

fn run(env: &Env, options: &[&str]) -> Ran {
    let file = env.root().join("receipt.json").display().to_string();
    let mut args = vec!["run", "--engine", "podman", "--receipt", &file];
    args.extend(options);
    args.extend(["--", "true"]);
    env.paude(&args)
}

fn read(env: &Env) -> Value {
    let text = std::fs::read_to_string(env.root().join("receipt.json")).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The receipt of a run that does this damage.
fn receipt(tree: &str, damage: &str) -> Value {
    let env = project(tree, damage);
    run(&env, &[]).code(0);
    read(&env)
}

/// Path, change and aspects of every change in the only environment.
fn changes(receipt: &Value) -> Vec<String> {
    let words = |value: &Value| {
        let words = value.as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join(" ")
    };
    let list = receipt["environments"][0]["changes"].as_array().unwrap().iter();
    let line = |change: &Value| {
        let (path, what) = (change["path"].as_str().unwrap(), change["change"].as_str().unwrap());
        format!("{path} {what} {}", words(&change["aspects"])).trim_end().to_owned()
    };
    list.map(line).collect()
}

trials!(
    fn an_environment_left_alone_is_unchanged() -> Outcome {
        let env = project(VENV, "touch elsewhere; exit 7");
        let before = snapshot(&env.project.join(".venv"));
        let ran = run(&env, &[]).code(7);
        assert!(!ran.stderr().contains("changed"), "{}", ran.stderr());
        assert_unchanged(&env.project.join(".venv"), &before);
        let receipt = read(&env);
        let directory = env.project.join(".venv").display().to_string();
        let tree = &receipt["environments"][0]["before"];
        assert_eq!(tree["entries"], 7, "with the directory itself");
        assert_eq!(tree["sha256"].as_str().unwrap().len(), 64);
        let wanted = json!({
            "version": 1, "workspace": env.project, "engine": "podman", "exit": 7, "unchanged": true,
            "environments": [{
                "path": ".venv", "directory": directory, "before": tree, "after": tree,
                "changes": [], "unread": [],
            }],
        });
        assert_eq!(receipt, wanted);
        Ok(())
    },
    fn every_aspect_of_a_change_is_recorded() -> Outcome {
        // To change a single aspect, the modification time is restored.
        let cases = [
            ("touch -d @5 .venv/lib/module.py", "lib/module.py changed modified"),
            ("chmod 600 .venv/lib/module.py", "lib/module.py changed mode"),
            ("echo >>.venv/lib/module.py", "lib/module.py changed size modified"),
            ("ln -sfn /bin/sh .venv/lib/link", "lib/link changed target"),
            (
                "touch -r .venv/bin/pip k; printf '#!/usr/bin/python4\\n' >.venv/bin/pip; \
                 touch -r k .venv/bin/pip",
                "bin/pip changed content",
            ),
            (
                "touch -r .venv/pyvenv.cfg k; printf 'home = /opt/bin\\n' >.venv/pyvenv.cfg; \
                 touch -r k .venv/pyvenv.cfg",
                "pyvenv.cfg changed content",
            ),
            (
                "rm .venv/lib/module.py; mkdir .venv/lib/module.py",
                "lib/module.py changed type mode size modified",
            ),
        ];
        for (damage, wanted) in cases {
            let receipt = receipt(&format!("{VENV}\n.venv/lib/link -> /bin/no"), damage);
            assert_eq!(receipt["unchanged"], false, "{damage}");
            let mut lines = changes(&receipt);
            lines.retain(|line| line != "lib changed modified");
            let [line] = &lines[..] else { panic!("{damage}: {lines:?}") };
            // A new link also has a new modification time, and perhaps another size.
            let line = line
                .replace(" size modified target", " target")
                .replace(" modified target", " target");
            assert_eq!(line, wanted, "{damage}");
        }
        if rustix::process::geteuid().is_root() {
            let receipt = receipt(VENV, "chown 7:8 .venv");
            assert_eq!(changes(&receipt), [". changed owner"]);
        }
        Ok(())
    },
    fn added_and_removed_entries_are_recorded() -> Outcome {
        let damage = "mkdir .venv/new; echo >.venv/new/file; rm .venv/bin/pip";
        let env = project(VENV, damage);
        run(&env, &[]).code(0).says(
            "warning: `.venv` changed on the host during the run: \
             5 of its entries changed, the first is `.`",
        );
        let wanted = [
            ". changed modified",
            "bin changed modified",
            "bin/pip removed",
            "new added",
            "new/file added",
        ];
        assert_eq!(changes(&read(&env)), wanted);
        let env = project(VENV, "rm -r .venv");
        run(&env, &["--quiet"]).code(0).prints("");
        let receipt = read(&env);
        assert_eq!(receipt["environments"][0]["after"], Value::Null);
        assert_eq!(changes(&receipt).len(), 7);
        Ok(())
    },
    fn names_that_are_not_utf8_are_recorded_in_bytes() -> Outcome {
        let receipt = receipt(VENV, "touch \"$(printf '.venv/bin/a\\377\\n')\"");
        let change = &receipt["environments"][0]["changes"][1];
        let wanted = json!({
            "path": "bin/a\u{fffd}", "bytes": "62696e2f61ff", "change": "added", "aspects": [],
        });
        assert_eq!(*change, wanted);
        Ok(())
    },
    fn unreadable_entries_are_recorded_as_unread() -> Outcome {
        let mut env = project(VENV, "exit 0");
        env.leave_root();
        let closed = env.project.join(".venv/lib");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o0))?;
        run(&env, &[]).code(0).says("note: `.venv`: 6 entries as before, 1 of them unread\n");
        assert_eq!(
            read(&env)["environments"][0]["unread"],
            json!([{"path": "lib", "bytes": null}])
        );
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755))?;
        Ok(())
    },
    /// Otherwise the entries left unread before and after the run would differ.
    fn too_few_file_descriptors_are_an_error() -> Outcome {
        let env = project(VENV, "touch ran");
        // Each directory that is still to be listed holds a descriptor, on every level. There are many
        // levels, as a thread that is not run for a moment lets the others catch up.
        let mut place = env.project.join(".venv/lib");
        for _ in 0..800 {
            for name in ["b", "c", "d", "e", "f", "g", "h", "i"] {
                std::fs::create_dir(place.join(name))?;
            }
            place.push("a");
            std::fs::create_dir(&place)?;
        }
        let mut command = env.command("/bin/sh");
        let script = "ulimit -n 100; exec \"$0\" --engine podman --receipt ../receipt.json -- true";
        command.args(["-c", script]).arg(paude());
        let ran = Ran(command.output()?).code(125);
        ran.says("error: cannot examine the environment `.venv`: ").says("Too many open files");
        assert!(!env.project.join("ran").exists());
        run(&env, &[]).code(0);
        assert_eq!(read(&env)["environments"][0]["unread"], json!([]));
        Ok(())
    },
    fn an_environment_behind_a_link_out_of_the_project_is_recorded() -> Outcome {
        let env = project("README", "echo >>../venvs/a/bin/pip");
        tree::make(&env.root().join("venvs/a"), &VENV.replace(".venv/", ""));
        symlink("../venvs/a", env.project.join(".venv"))?;
        run(&env, &[]).code(0);
        let receipt = read(&env);
        let directory = env.root().join("venvs/a").display().to_string();
        assert_eq!(receipt["environments"][0]["path"], ".venv");
        assert_eq!(receipt["environments"][0]["directory"], directory);
        assert_eq!(changes(&receipt), ["bin/pip changed size modified content"]);
        Ok(())
    },
    fn a_link_is_never_followed() -> Outcome {
        let tree =
            format!("{VENV}\noutside/file\n.venv/lib/out -> ../../outside\n.venv/bin/all -> ..");
        assert_eq!(receipt(&tree, "echo >>outside/file; mkfifo outside/fifo")["unchanged"], true);
        // A fifo is not opened, in `bin` neither.
        let receipt = receipt(&format!("{VENV}\nx"), "mkfifo .venv/bin/fifo");
        assert_eq!(changes(&receipt), ["bin changed modified", "bin/fifo added"]);
        Ok(())
    },
    fn an_environment_that_exists_neither_before_nor_after_is_unchanged() -> Outcome {
        let env = project("README", "exit 0");
        run(&env, &["--venv", ".venv"]).code(0);
        let receipt = read(&env);
        assert_eq!(receipt["unchanged"], true);
        assert_eq!(receipt["environments"][0]["before"], Value::Null);
        assert_eq!(receipt["environments"][0]["after"], Value::Null);
        Ok(())
    },
    /// The second run starts after the first, and ends after it.
    fn mount_points_of_two_runs_at_once_are_not_recorded() -> Outcome {
        let (paude, wait) = (paude(), "while ! [ -e ../$word ]; do sleep 0.05; done");
        let damage = format!(
            "if mkdir ../began; then {} run --engine podman --receipt ../second.json --venv .venv \
             -- true >/dev/null 2>&1 & word=both; {wait}; else touch ../both; word=go; {wait}; fi",
            paude.display()
        );
        let env = project("README", &damage);
        run(&env, &["--venv", ".venv"]).code(0);
        std::fs::write(env.root().join("go"), "")?;
        let second = env.root().join("second.json");
        wait_for("the second run does not end", 60, || second.exists());
        let second: Value = serde_json::from_str(&std::fs::read_to_string(second)?)?;
        for receipt in [read(&env), second] {
            assert_eq!(receipt["unchanged"], true, "{receipt}");
            assert_eq!(receipt["environments"][0]["before"], Value::Null);
        }
        assert!(!env.project.join(".venv").exists());
        // A file written into one is recorded.
        let env = project("README\n.venv/", "echo >.venv/file");
        run(&env, &["--venv", ".venv"]).code(0);
        assert_eq!(changes(&read(&env)), [". added", "file added"]);
        Ok(())
    },
    fn a_run_that_fails_leaves_a_receipt() -> Outcome {
        let env = project(VENV, "rm .venv/bin/pip; kill -KILL $$");
        run(&env, &[]).code(137);
        assert_eq!(read(&env)["exit"], 137);
        assert_eq!(changes(&read(&env)), ["bin changed modified", "bin/pip removed"]);
        // Also if the engine cannot be started.
        let mut env = project(VENV, "exit 0");
        let file = env.fake_engine("podman", "");
        env.only_fake_engines(); // a real podman would be started instead
        tree::write(&file, "#!/no/such/interpreter\n");
        run(&env, &[]).code(125).says("cannot start `podman`");
        let receipt = read(&env);
        assert_eq!((&receipt["exit"], &receipt["unchanged"]), (&json!(125), &json!(true)));
        Ok(())
    },
    fn a_receipt_inside_a_hidden_environment_is_refused() -> Outcome {
        let env = Env::with(".venv/pyvenv.cfg\nlink -> .venv");
        let before = snapshot(&env.project);
        for file in [".venv/receipt.json", "link/receipt.json", ".venv/../.venv/receipt.json"] {
            let ran = env.paude(&["--engine", "native", "--receipt", file, "--", "true"]).code(2);
            ran.says(
                "error: a receipt in `.venv` would change the environment that it describes\n",
            );
        }
        assert_unchanged(&env.project, &before);
        Ok(())
    },
    fn a_receipt_that_cannot_be_written_is_an_error_before_anything_runs() -> Outcome {
        let env = project(VENV, "touch ran");
        std::fs::create_dir(env.root().join("directory"))?;
        symlink("/dev/null", env.root().join("link"))?;
        symlink("../directory", env.project.join("out"))?;
        let before = snapshot(&env.root());
        for (file, why) in [
            ("nowhere/receipt.json", "No such file"),
            ("directory", "it is not a regular file"),
            ("directory/", "it names no file"),
            ("new/", "it names no file"),
            ("link", "it is a link, which is not followed"),
            ("project/out/new", "/out` is a link of the project, which is not followed"),
            ("/proc/receipt.json", ""),
        ] {
            let file = env.root().join(file).display().to_string();
            let ran =
                env.paude(&["--engine", "podman", "--receipt", &file, "--", "true"]).code(125);
            let ran = ran.says(&format!("error: cannot write the receipt `{file}`: ")).says(why);
            assert!(!ran.stderr().contains(".paude-"), "{}", ran.stderr());
        }
        assert_unchanged(&env.root(), &before);
        // JSON cannot represent where the project is.
        let mut moved = project(VENV, "touch ran");
        let place = moved.root().join(std::ffi::OsStr::from_bytes(b"pro\xffject"));
        std::fs::rename(&moved.project, &place)?;
        moved.project = place;
        run(&moved, &[]).code(125).says("is not UTF-8");
        assert!(!moved.project.join("ran").exists());
        Ok(())
    },
    fn a_receipt_is_replaced_atomically() -> Outcome {
        let env = project(VENV, "exit 0");
        let file = env.root().join("receipt.json");
        std::fs::write(&file, "old ".repeat(1000))?;
        let inode = |file: &Path| std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap());
        let old = inode(&file);
        run(&env, &[]).code(0);
        assert_eq!(read(&env)["unchanged"], true);
        assert_ne!(inode(&file), old, "the old file was written to");
        let left = std::fs::read_dir(env.root())?.map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.as_bytes().starts_with(b".paude")).collect();
        assert!(left.is_empty(), "{left:?}");
        Ok(())
    },
    fn a_receipt_is_written_into_the_directory_that_was_opened() -> Outcome {
        let env = project(
            &format!("{VENV}\nout/README"),
            "mv out moved; ln -s ../elsewhere out; ln -s README moved/.paude-$PPID-0",
        );
        tree::write(&env.root().join("elsewhere/receipt.json"), "mine");
        let file = env.project.join("out/receipt.json").display().to_string();
        let before = snapshot(&env.root().join("elsewhere"));
        env.paude(&["--engine", "podman", "--receipt", &file, "--", "true"]).code(0);
        assert_unchanged(&env.root().join("elsewhere"), &before);
        let receipt = std::fs::read_to_string(env.project.join("moved/receipt.json"))?;
        assert_eq!(serde_json::from_str::<Value>(&receipt)?["unchanged"], true);
        assert_eq!(std::fs::read_to_string(env.project.join("moved/README"))?, "");
        Ok(())
    }
);
