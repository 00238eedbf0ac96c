//! What `-o` and `--check` do with files, and which options belong to which format.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::support::Env;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::trials;

const FORMATS: [&[&str]; 4] =
    [&["compose"], &["devcontainer"], &["kube", "--", "true"], &["quadlet", "--", "true"]];

fn project() -> Env {
    Env::with(".venv/pyvenv.cfg: \"version = 3.12.1\\n\"\napi/.venv/pyvenv.cfg\nREADME")
}

/// `paude export` with these arguments before the format's own.
fn export<'a>(format: &'a [&'a str], options: &[&'a str]) -> Vec<&'a str> {
    [&["export", format[0]], options, &format[1..]].concat()
}

trials!(
    fn an_export_is_the_same_each_time_and_changes_nothing() -> Outcome {
        for format in FORMATS {
            let env = project();
            let before = snapshot(&env.root());
            let first = env.paude(&export(format, &[])).code(0).stdout();
            assert_eq!(env.paude(&export(format, &[])).code(0).stdout(), first);
            assert_unchanged(&env.root(), &before);
            // Not what a run adds: the name of its container, the version of paude.
            assert!(!first.contains(env!("CARGO_PKG_VERSION")), "{first}");
        }
        Ok(())
    },
    fn a_file_is_written_once_replaced_if_it_is_ours_and_else_only_by_force() -> Outcome {
        for format in FORMATS {
            let env = project();
            let file = env.root().join("out");
            let write = |options: &[&str]| {
                env.paude(&export(format, &[&["-o", "../out"], options].concat()))
            };
            assert_eq!(write(&[]).code(0).stdout(), "");
            let text = std::fs::read_to_string(&file)?;
            assert_eq!(env.paude(&export(format, &[])).code(0).stdout(), text);
            let inode = std::fs::metadata(&file)?.ino();
            write(&[]).code(0);
            assert_eq!(std::fs::metadata(&file)?.ino(), inode, "an identical file is left alone");
            write(&["--image", "localhost/other:1"]).code(0);
            assert!(std::fs::read_to_string(&file)?.contains("localhost/other:1"));
            for own in ["", "mine\n", "# Written by `paude export`\n", "# Written by me\n"] {
                std::fs::write(&file, own)?;
                write(&[]).code(125).says("exists, and paude did not write it\nhint: --force");
                assert_eq!(std::fs::read_to_string(&file)?, own);
            }
            write(&["--force"]).code(0);
            assert_eq!(std::fs::read_to_string(&file)?, text);
            let names = std::fs::read_dir(env.root())?.count();
            assert_eq!(names, 3, "no temporary file stays");
        }
        Ok(())
    },
    /// One format does not take another's file for its own.
    fn a_file_of_another_format_is_not_replaced() -> Outcome {
        let env = project();
        env.paude(&["export", "compose", "-o", "../out"]).code(0);
        env.paude(&["export", "kube", "-o", "../out"]).code(125).says("paude did not write it");
        Ok(())
    },
    fn nothing_is_written_through_a_link_or_into_what_is_no_file() -> Outcome {
        let env = project();
        std::fs::write(env.root().join("target"), "mine")?;
        symlink("target", env.root().join("link"))?;
        symlink("nowhere", env.root().join("dangling"))?;
        std::fs::create_dir(env.root().join("dir"))?;
        rustix::fs::mknodat(
            rustix::fs::CWD,
            env.root().join("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )?;
        let cases = [
            ("../link", "it is a link, which is not followed"),
            ("../dangling", "it is a link, which is not followed"),
            ("../dir", "is not a regular file"),
            ("../fifo", "is not a regular file"),
            ("../dir/", "it names no file"),
            ("../missing/out", "No such file or directory"),
        ];
        let before = snapshot(&env.root());
        for (file, wanted) in cases {
            for option in ["-o", "--check"] {
                env.paude(&["export", "compose", option, file]).code(125).says(wanted);
            }
            env.paude(&["export", "compose", "--force", "-o", file]).code(125).says(wanted);
        }
        assert_unchanged(&env.root(), &before);
        Ok(())
    },
    /// Whoever wrote the project would choose where the file is written.
    fn no_link_of_the_project_leads_to_the_directory_of_a_file() -> Outcome {
        let env = project();
        std::fs::create_dir(env.root().join("elsewhere"))?;
        std::fs::create_dir(env.project.join("sub"))?;
        symlink("../elsewhere", env.project.join("out"))?;
        symlink("sub", env.project.join("within"))?;
        for (name, target) in [("own", "elsewhere"), ("into", "project/sub"), ("on", "project/out")]
        {
            symlink(target, env.root().join(name))?;
        }
        let before = snapshot(&env.root());
        let absolute = env.project.join("out/f").display().to_string();
        for file in ["out/f", "./sub/../out/f", "within/f", "../on/f", &absolute] {
            for option in ["-o", "--check"] {
                env.paude(&["export", "compose", option, file])
                    .code(125)
                    .says("` is a link of the project, which is not followed");
            }
        }
        assert_unchanged(&env.root(), &before);
        let write = |file: &str| env.paude(&["export", "compose", "-o", file]).code(0).stderr();
        assert!(!write("../own/f").contains("lies in the project"));
        assert!(env.root().join("elsewhere/f").is_file());
        assert!(write("../into/f").contains("lies in the project"));
        assert!(env.project.join("sub/f").is_file());
        // One that leads to itself ends, too.
        symlink("loop", env.root().join("loop"))?;
        env.paude(&["export", "compose", "-o", "../loop/f"]).code(125).says("symbolic links");
        Ok(())
    },
    fn a_file_that_cannot_be_written_is_an_error_and_stays() -> Outcome {
        let mut env = project();
        env.paude(&["export", "compose", "-o", "../out"]).code(0);
        env.leave_root();
        std::fs::set_permissions(env.root(), std::fs::Permissions::from_mode(0o555))?;
        let before = snapshot(&env.root());
        env.paude(&["export", "compose", "--size", "1g", "-o", "../out"])
            .code(125)
            .says("cannot write");
        assert_unchanged(&env.root(), &before);
        std::fs::set_permissions(env.root(), std::fs::Permissions::from_mode(0o755))?;
        Ok(())
    },
    fn check_exits_with_1_and_a_diff_unless_the_file_is_what_would_be_written() -> Outcome {
        let env = project();
        let check = |options: &[&str]| {
            env.paude(&[&["export", "compose", "--check", "../out"], options].concat())
        };
        assert!(check(&[]).code(1).stdout().contains("\n+services:\n"));
        env.paude(&["export", "compose", "-o", "../out"]).code(0);
        check(&[]).code(0).prints("");
        let ran = check(&["--image", "localhost/other:1"]).code(1);
        let changed = "\n-    image: \"docker.io/library/python:3.12-slim\"\n+    image: \"localhost/other:1\"\n";
        assert!(ran.stdout().contains(changed), "{}", ran.stdout());
        env.write("more/.venv/pyvenv.cfg", "");
        assert!(check(&[]).code(1).stdout().contains("more/.venv"));
        // What is in the file is not paude's: no control character reaches the terminal.
        std::fs::write(env.root().join("out"), "a\u{1b}[2Jb\n")?;
        let said = check(&[]).code(1).stdout();
        assert!(said.contains("\n-a\\u{1b}[2Jb\n"), "{said}");
        Ok(())
    },
    fn a_file_in_the_project_is_warned_of() -> Outcome {
        let env = project();
        let warning = "warning: the container can change this file, which lies in the project";
        env.paude(&["export", "compose", "-o", "compose.yaml"]).code(0).says(warning);
        let ran = env.paude(&["export", "compose", "-o", "../compose.yaml"]).code(0);
        assert!(!ran.stderr().contains(warning), "{}", ran.stderr());
        // A list of names is not run.
        let ran = env.paude(&["export", "ignore", "-o", ".stignore"]).code(0);
        assert!(!ran.stderr().contains(warning), "{}", ran.stderr());
        Ok(())
    },
    fn a_variable_without_a_value_keeps_the_hosts_value_out_of_the_file() -> Outcome {
        for format in FORMATS {
            let mut env = project();
            env.set("TOKEN", "s3cret");
            let out = env.paude(&export(format, &["-e", "TOKEN", "-e", "A=1"])).code(0).stdout();
            assert!(out.contains("TOKEN") && !out.contains("s3cret"), "{out}");
            // A value that is given later wins.
            let args = export(format, &["-e", "TOKEN", "-e", "TOKEN=given"]);
            assert!(env.paude(&args).code(0).stdout().contains("given"));
        }
        let env = project();
        env.paude(&["export", "compose", "-e", "1x"])
            .code(2)
            .says("--env `1x`: expected a variable");
        Ok(())
    },
    /// The file may be used on another one.
    fn the_time_zone_of_this_machine_is_not_in_the_file() -> Outcome {
        for format in FORMATS {
            let mut env = project();
            let without = env.paude(&export(format, &[])).code(0).stdout();
            env.set("TZ", "Etc/Test");
            assert_eq!(env.paude(&export(format, &[])).code(0).stdout(), without);
            let set = env.paude(&export(format, &["-e", "TZ=Etc/Other"])).code(0).stdout();
            assert!(set.contains("Etc/Other"), "{set}");
        }
        Ok(())
    },
    fn options_of_one_format_are_refused_for_another() -> Outcome {
        let env = project();
        for (args, wanted) in [
            (&["compose", "--claim", "x"][..], "--claim is an option of `kube`"),
            (&["quadlet", "--job"], "--job is an option of `kube`"),
            (&["kube", "--dialect", "git"], "--dialect is an option of `ignore`"),
            (&["kube", "--claim", "No"], "--claim `No` is no name of a claim"),
            (&["compose", "--force"], "--output"),
            (&["compose", "-o", "x", "--check", "x"], "cannot be used with"),
        ] {
            env.paude(&[&["export"], args].concat()).code(2).says(wanted);
        }
        Ok(())
    },
    fn what_a_format_cannot_express_is_refused_by_name() -> Outcome {
        let env = Env::with("\"a:b/.venv/pyvenv.cfg\"");
        env.paude(&["export", "kube"]).code(125).says("a:b/.venv`: it contains a colon");
        env.paude(&["export", "compose"]).code(0);
        let env = project();
        let cases: [(&[&str], &str); 7] = [
            (&["compose", "--engine-arg=--network=none"], "the engine argument `--network=none`"),
            (&["kube", "--engine-arg=--network=none"], "the engine argument `--network=none`"),
            (&["quadlet"], "a shell: a service has no terminal"),
            (&["quadlet", "-e", "A=\u{80}", "--", "true"], "control character U+0080"),
            (&["devcontainer", "--", "true"], "a command: the container waits"),
            (
                &["devcontainer", "--setup", "echo ${localEnv:HOME}"],
                "`${localEnv:` in it is expanded",
            ),
            (
                &["devcontainer", "--user", "1000", "--storage", "volume"],
                "volumes of a user who is not root",
            ),
        ];
        for (args, wanted) in cases {
            let ran = env.paude(&[&["export"], args].concat()).code(125);
            let start = format!("error: {} cannot represent ", args[0]);
            assert!(ran.stderr().contains(&start), "{}", ran.stderr());
            ran.says(wanted);
        }
        for name in ["control\u{1}", "newline\nhere"] {
            let env = Env::named(name);
            env.write(".venv/pyvenv.cfg", "");
            for format in FORMATS {
                env.paude(&export(format, &[])).code(125).says("it has a control character");
            }
        }
        Ok(())
    }
);
