//! A project's own files grant it nothing, and cannot make paude wait or use much memory.

use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::{judge, policy};
use crate::support::Env;
use crate::trials;

/// Fails unless `plan` and `run` are refused with this text, at once and with nothing started.
#[track_caller]
fn refused(env: &Env, code: i32, words: &str) {
    judge::refused(env, &["plan"], Duration::ZERO, code, words);
    let args = ["run", "--engine", "native", "--", "touch", "started"];
    judge::refused(env, &args, Duration::ZERO, code, words);
}

trials!(
    fn a_project_cannot_set_what_only_the_person_may() -> Outcome {
        for setting in [
            r#""engine": "native""#,
            r#""engine_args": ["--privileged"]"#,
            r#""user": "0""#,
            r#""policy_timeout": 3600"#,
            r#""with": ["/srv/data"]"#,
            r#""with_git": true"#,
            r#""builds": "allow""#,
        ] {
            let env = judge::project();
            env.write("paude.json", &format!("{{{setting}}}"));
            let colon = setting.find(':').unwrap();
            let words = format!("paude.json:1:{}: a project may not set this", colon + 2);
            let ran = judge::refused(&env, &["plan"], Duration::ZERO, 2, "paude.json:1:");
            assert!(
                ran.stderr().contains("a project may not set this"),
                "{words}: {}",
                ran.stderr()
            );
            refused(&env, 2, "paude.json:1:");
        }
        // Of a network it can only be without.
        let env = judge::project();
        env.write("paude.json", r#"{"network": "host"}"#);
        refused(&env, 2, "paude.json:1:");
        // There is no key for a mount or a limit.
        for word in ["mounts", "volumes", "networks", "privileged", "timeout", "memory"] {
            let env = judge::project();
            env.write("paude.json", &format!("{{\"{word}\": 1}}"));
            let ran = judge::refused(&env, &["plan"], Duration::ZERO, 2, "paude.json:1:");
            ran.says(&format!("unknown key `{word}`"));
        }
        Ok(())
    },
    fn its_settings_must_be_a_regular_file_in_the_project() -> Outcome {
        let link = |target: &str, path: &Path| std::os::unix::fs::symlink(target, path).unwrap();
        /// Creates something in place of paude.json.
        type Make<'m> = &'m dyn Fn(&Path);
        let cases: [(&str, Make); 7] = [
            ("a path led outside of the filesystem", &|path| link("../outside/file", path)),
            ("a path led outside of the filesystem", &|path| link("/etc/passwd", path)),
            ("is a link that leads nowhere", &|path| link("nowhere", path)),
            ("Too many levels of symbolic links", &|path| link("paude.json", path)),
            ("is not a regular file", &|path| {
                mkfifoat(CWD, path, Mode::from_raw_mode(0o600)).unwrap()
            }),
            ("is not a regular file", &|path| link("fifo", path)),
            ("is not a regular file", &|path| std::fs::create_dir(path).unwrap()),
        ];
        for (words, make) in cases {
            let env = judge::project();
            make(&env.project.join("paude.json"));
            refused(&env, 2, &format!("cannot read paude.json: {words}"));
        }
        Ok(())
    },
    fn its_settings_are_bounded_in_size_and_depth() -> Outcome {
        let env = judge::project();
        let file = std::fs::File::create(env.project.join("paude.json"))?;
        file.set_len(100 << 20)?;
        refused(&env, 2, "cannot read paude.json: is larger than 1 MiB");

        for (open, key) in [("[", "venv"), ("{\"a\":", "env"), ("[", "packages"), ("[", "x")] {
            let env = judge::project();
            env.write("paude.json", &format!("{{\"{key}\": {}", open.repeat(10_000)));
            refused(&env, 2, "paude.json:1:");
        }
        let env = judge::project();
        env.write("paude.json", &"[".repeat(10_000));
        refused(&env, 2, "paude.json:1:");
        Ok(())
    },
    fn its_policy_must_lie_in_the_project() -> Outcome {
        let written = |path: &str| {
            let env = judge::project();
            env.write("paude.json", &format!("{{\"policy\": {}}}", serde_json::json!(path)));
            env
        };
        let text = [
            ("../empty.wasm", "`..` component"),
            ("dir/../../empty.wasm", "`..` component"),
            ("/etc/passwd", "is absolute"),
            ("", "is the workspace itself"),
            ("a\nb", "has a control character"),
        ];
        for (path, words) in text {
            let env = written(path);
            policy::make(&env, "empty");
            let ran = judge::refused(&env, &["plan"], Duration::ZERO, 2, "paude.json: policy `");
            ran.says(words).says("hint: a project's policy must lie in the project");
        }
        // These faults are found on the disk.
        let disk = [
            ("out/file", "a path led outside of the filesystem"),
            ("absolute", "a path led outside of the filesystem"),
            ("dangling", "is a link that leads nowhere"),
            ("fifo", "is not a regular file"),
            ("dir", "is not a regular file"),
            ("nothing.wasm", "no such file"),
            ("huge.wasm", "is larger than 64 MiB"),
        ];
        for (path, words) in disk {
            let env = written(path);
            let huge = std::fs::File::create(env.project.join("huge.wasm"))?;
            huge.set_len(1 << 36)?;
            let words = format!("cannot read policy `{path}`: {words}\n");
            // Without a snapshot, which would read it.
            if path == "huge.wasm" {
                env.paude(&["plan"]).code(125).says(&words);
                continue;
            }
            huge.set_len(0)?;
            refused(&env, 125, &words);
        }
        Ok(())
    },
    fn a_policy_in_the_project_is_limited_like_any_other() -> Outcome {
        let env = judge::project();
        std::fs::rename(policy::make(&env, "loop-start"), env.project.join("loop.wasm"))?;
        env.write("paude.json", r#"{"policy": "loop.wasm"}"#);
        let words = "policy `loop.wasm` used more than 1 s of time; nothing was started\n";
        let args = ["plan", "--policy-timeout", "1"];
        judge::refused(&env, &args, Duration::from_secs(1), 125, words);
        Ok(())
    }
);
