//! `paude doctor`: what is known to go wrong is reported with advice. Engines are shell scripts
//! that print what real ones print.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::hostile::policy;
use crate::support::Env;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::trials;

/// A machine with these engines only, each a script.
fn machine(engines: &[(&str, &str)]) -> Env {
    let mut env = Env::with(".venv/pyvenv.cfg: \"version = 3.12.1\\n\"");
    for (name, script) in engines {
        env.fake_engine(name, script);
    }
    env.only_fake_engines();
    // The client is asked, and not a socket that this machine may have.
    env.set("DOCKER_CONTEXT", "test");
    env
}

const PODMAN: &str = include_str!("fixtures/podman-info.json");
const DOCKER: &str = include_str!("fixtures/docker-info.json");

/// An engine that prints this on `info`, with a part of it replaced.
fn info(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "{part}");
    let text = text.replace(part, by);
    format!("case $1 in info) echo '{text}' ;; *) exit 1 ;; esac")
}

fn podman() -> String {
    info(PODMAN, "4.3.1", "4.3.1")
}

trials!(
    fn hazards_of_podman_are_reported() -> Outcome {
        let cases = [
            ("4.3.1|4.3.1", "✓ podman: 4.3.1, as root, runtime runc, storage overlay\n"),
            ("\"4.3.1\"|\"4.2.0\"", "! podman: older than 4.3"),
            ("\"overlay\"|\"vfs\"", "! podman: the storage driver vfs copies the whole image"),
            ("Remote\": false|Remote\": true", "! podman: its containers run in"),
            ("\"rootless\": false|\"rootless\": true", "! sub-ids: /etc/subuid gives you none"),
        ];
        let report = |text: &str, part: &str, by: &str, wanted: &str| {
            let said =
                machine(&[("podman", &info(text, part, by))]).paude(&["doctor"]).code(0).stdout();
            assert!(said.contains(wanted), "{by}: {said}");
            assert!(said.contains("✓ engine: podman: it is installed\n"), "{said}");
            let warnings = said.lines().filter(|line| line.starts_with("! podman")).count();
            assert_eq!(warnings, usize::from(wanted.starts_with("! podman")), "{said}");
        };
        for (change, wanted) in cases {
            let (part, by) = change.split_once('|').unwrap();
            report(PODMAN, part, by, wanted);
        }
        let rootless = PODMAN.replace("\"rootless\": false", "\"rootless\": true");
        let ids = "[{\"size\": 1}, {\"size\": 65536}]";
        report(&rootless, "null", ids, "✓ sub-ids: 65536 further user ids\n");
        Ok(())
    },
    fn an_engine_that_does_not_work_is_bad_only_if_it_is_chosen() -> Outcome {
        let broken = "echo 'cannot re-exec process' >&2; exit 125";
        let env = machine(&[("podman", broken)]);
        let said = env.paude(&["doctor"]).code(1).stdout();
        let failed = "! podman: `podman info` fails: cannot re-exec process\n  hint: ";
        assert!(said.starts_with(failed), "{said}");
        let wanted =
            "✗ engine: podman, which does not work here\n  hint: fix it, or choose another";
        assert!(said.contains(wanted) && !said.contains("image: "), "{said}");
        let said = env.paude(&["doctor", "--engine", "native"]).code(0).stdout();
        assert!(said.contains("✓ engine: native: you chose it\n"), "{said}");
        // A daemon that answers a ping and nothing else.
        let mut env = machine(&[("docker", "case $3 in '{{json .}}') exit 1 ;; esac")]);
        let said = env.paude(&["doctor", "--engine", "docker"]).code(1).stdout();
        assert!(said.contains("✗ engine: docker, which does not work here\n"), "{said}");
        env.vars.clear();
        let said = env.paude(&["doctor", "--engine", "native", "--user", "1000"]).code(1).stdout();
        let wanted = "✗ engine: the native engine runs as you, and cannot take --user\n";
        assert!(said.contains(wanted), "{said}");
        Ok(())
    },
    fn hazards_of_docker_are_reported() -> Outcome {
        let cases = [
            ("Debian|Debian", "✓ docker: 20.10.24, as root, runtime runc\n"),
            ("20.10.24|19.3.0", "! docker: older than 20.10"),
            ("Debian|Docker Desktop", "! docker: Docker Desktop runs containers in a virtual"),
            ("name=seccomp|name=userns", "! docker: the daemon remaps user ids"),
            ("name=seccomp|name=rootless", "✓ docker: 20.10.24, rootless"),
        ];
        for (change, wanted) in cases {
            let (part, by) = change.split_once('|').unwrap();
            let env = machine(&[("docker", &info(DOCKER, part, by))]);
            let said = env.paude(&["doctor"]).code(0).stdout();
            assert!(said.contains(wanted), "{change}: {said}");
            assert!(said.contains("✓ podman: not installed\n"), "{said}");
        }
        let said = machine(&[("docker", "exit 1")]).paude(&["doctor"]).stdout();
        assert!(said.contains("! docker: installed, but its daemon does not answer\n"));
        Ok(())
    },
    fn what_makes_every_run_fail_is_bad() -> Outcome {
        let said = machine(&[]).paude(&["doctor", "--engine", "podman"]).code(1).stdout();
        assert!(said.contains("✗ engine: podman is not installed: "), "{said}");
        let env = machine(&[]);
        env.write("paude.json", "{\"vnev\": \"none\"}");
        let said = env.paude(&["doctor"]).code(1).stdout();
        let wanted =
            "✗ project: paude.json:1:7: unknown key `vnev`\n  hint: did you mean `venv`?\n";
        assert!(said.contains(wanted), "{said}");
        // An error of several lines is put on one.
        let linked = Env::with("out -> /nonexistent\nin -> .");
        linked.write("paude.json", "{\"venv\": [\"out\", \"in\"]}");
        let said = linked.paude(&["doctor"]).code(1).stdout();
        assert!(said.contains("✗ project: ") && !said.contains("\\n"), "{said}");
        env.write("paude.json", "{\"venv\": \"none\"}");
        let said = env.paude(&["doctor", "--engine", "docker"]).code(1).stdout();
        assert!(said.contains("! project: no environment is hidden, with a warning\n"), "{said}");
        Ok(())
    },
    fn every_line_is_in_the_json() -> Outcome {
        let env = machine(&[("podman", &info(PODMAN, "overlay", "vfs"))]);
        let text = env.paude(&["doctor"]).code(0).stdout();
        let json: Value =
            serde_json::from_str(&env.paude(&["doctor", "--format", "json"]).code(0).stdout())?;
        assert_eq!((&json["version"], &json["healthy"]), (&1.into(), &true.into()));
        let mut written = String::new();
        for line in json["lines"].as_array().unwrap() {
            let mark = match line["health"].as_str().unwrap() {
                "good" => "✓",
                "warning" => "!",
                other => panic!("{other}"),
            };
            let word = |key: &str| line[key].as_str().unwrap_or_default();
            written += &format!("{mark} {}: {}\n", word("about"), word("said"));
            if !word("advice").is_empty() {
                written += &format!("  hint: {}\n", word("advice"));
            }
        }
        assert_eq!(written, text);
        Ok(())
    },
    fn whether_the_image_has_to_be_pulled_is_reported() -> Outcome {
        let image = "docker.io/library/python:3.12-slim";
        let said = machine(&[("podman", &podman())]).paude(&["doctor"]).code(0).stdout();
        let wanted = format!(
            "! image: `{image}` is not here: the first run pulls it\n  \
             hint: podman pull {image}\n"
        );
        assert!(said.contains(&wanted), "{said}");
        let fetched = podman().replace("*) exit 1", "image) exit 0");
        let said = machine(&[("podman", &fetched)]).paude(&["doctor"]).code(0).stdout();
        assert!(said.contains(&format!("✓ image: `{image}` is here\n")), "{said}");
        Ok(())
    },
    fn what_the_container_can_reach_is_reported() -> Outcome {
        let env = machine(&[("podman", &podman())]);
        let said = |env: &Env, args: &[&str]| {
            env.paude(&[&["doctor", "--no-run"], args].concat()).code(0).stdout()
        };
        for (args, wanted) in [
            (&[][..], "✓ network: the engine's default: "),
            (&["--engine-arg=--network=host"], "✓ network: as the engine arguments say\n"),
            (&["--network", "none"], "✓ network: none: "),
        ] {
            let said = said(&env, args);
            assert!(said.contains(wanted), "{said}");
        }
        env.write("paude.json", "{\"network\": \"none\"}");
        assert!(said(&env, &[]).contains("✓ network: none: "));
        Ok(())
    },
    fn a_container_is_run_if_the_image_is_here() -> Outcome {
        let engine = |run: &str| {
            let info = podman().replace("*) exit 1", &format!("image) ;; run) {run} ;; *) exit 1"));
            machine(&[("podman", &format!("echo \"$*\" >>\"$ROOT/log\"\n{info}"))])
        };
        let runs = |env: &Env| {
            let log = std::fs::read_to_string(env.root().join("log")).unwrap();
            log.lines().filter(|line| line.starts_with("run ")).count()
        };
        let env = engine("[ \"${*#* --pull=never }\" != \"$*\" ]");
        let before = snapshot(&env.project);
        let said = env.paude(&["doctor", "--setup", "touch x"]).code(0).stdout();
        assert!(said.contains("is here\n✓ run: works\n"), "{said}");
        assert_eq!(runs(&env), 1);
        let log = std::fs::read_to_string(env.root().join("log"))?;
        assert!(!log.contains("touch x") && !log.contains("type=tmpfs"), "{log}");
        assert_unchanged(&env.project, &before);
        // It is not started if that is not wanted, or if the image would be pulled.
        let env = engine("exit 1");
        let said = env.paude(&["doctor", "--no-run"]).code(0).stdout();
        assert!(!said.contains(" run: "), "{said}");
        assert_eq!(runs(&env), 0);
        let said = machine(&[("podman", &podman())]).paude(&["doctor"]).code(0).stdout();
        assert!(!said.contains(" run: "), "{said}");
        Ok(())
    },
    fn the_reason_why_no_container_runs_is_reported() -> Outcome {
        let cases = [
            (
                "OCI runtime error: crun: controller `pids` is not available under /sys/fs/cgroup",
                "delegate the controller to your user, or set pids_limit = 0 in containers.conf",
            ),
            ("Failed to open() /dev/net/tun: Permission denied", "modprobe tun; chmod 666 /dev"),
            (
                "could not find bridge docker0\n\nRun 'docker run --help' for more information",
                "restart docker's daemon",
            ),
            ("a\nb\nSee 'docker run --help'.", "fix it, or choose another with --engine"),
            ("", "fix it, or choose another with --engine"),
        ];
        for (message, advice) in cases {
            let script = podman().replace(
                "*) exit 1",
                "image) ;; run) cat \"$ROOT/message\" >&2; exit 125 ;; *) exit 1",
            );
            let mut env = machine(&[("podman", &script)]);
            env.set("PATH", format!("{}/bin:/usr/bin:/bin", env.root().display()));
            std::fs::write(env.root().join("message"), message)?;
            let said = env.paude(&["doctor", "--engine", "podman"]).code(1).stdout();
            let reason = match message {
                "" => "no output",
                "a\nb\nSee 'docker run --help'." => "b",
                message => message.lines().next().unwrap(),
            };
            let wanted =
                format!("✗ run: podman cannot run a container: {reason}\n  hint: {advice}");
            assert!(said.contains(&wanted), "{said}");
            let json = env.paude(&["doctor", "--engine", "podman", "--format", "json"]).code(1);
            let json: Value = serde_json::from_str(&json.stdout())?;
            let lines = json["lines"].as_array().unwrap();
            let line = lines.iter().find(|line| line["about"] == "run").unwrap();
            assert_eq!(line["health"], "bad");
        }
        Ok(())
    },
    fn the_size_of_the_policy_cache_is_reported() -> Outcome {
        let env = machine(&[("podman", &podman())]);
        assert!(!env.paude(&["doctor"]).stdout().contains("policy cache"));
        let file = policy::make(&env, "empty").display().to_string();
        env.paude(&["plan", "--policy", &file]).code(0);
        let dir = env.home().join(".cache/paude/policies");
        let wanted = format!("✓ policy cache: `{}`, 1 policy, 1 MiB\n", dir.display());
        let said = env.paude(&["doctor"]).stdout();
        assert!(said.contains(&wanted), "{said}");
        Ok(())
    },
    fn the_reason_why_the_policy_cache_is_not_used_is_reported() -> Outcome {
        let env = machine(&[("podman", &podman())]);
        let file = policy::make(&env, "empty").display().to_string();
        env.paude(&["plan", "--policy", &file]).code(0);
        let dir = env.home().join(".cache/paude/policies");
        let reports = |project: &Path, why: &str| {
            let project = project.display().to_string();
            let said = env.paude(&["doctor", "-C", &project]).stdout();
            let wanted = format!("! policy cache: `{}` is not used: {why}", dir.display());
            assert!(said.contains(&wanted), "{said}");
        };
        let chmod = |place: &Path, mode: u32| {
            std::fs::set_permissions(place, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let inside = "it is inside this project, where containers can write\n  hint: set XDG_CACHE";
        reports(&env.home(), inside);
        std::fs::create_dir(dir.join("inner"))?;
        let around = "this project is inside it, and containers can write there\n  hint: set";
        reports(&dir.join("inner"), around);
        chmod(&dir, 0o755);
        let shown = dir.display();
        let wanted =
            format!("other users have access to it (mode 755)\n  hint: chmod 700 {shown}\n");
        reports(&env.project, &wanted);
        chmod(&dir, 0o700);
        let above = env.home().join(".cache").display().to_string();
        chmod(above.as_ref(), 0o777);
        let wanted =
            format!("its parent `{above}` belongs to another user or is writable by others\n");
        reports(&env.project, &(wanted + "  hint: chmod go-w " + &above));
        chmod(above.as_ref(), 0o700);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&dir, Some(1), None)?;
            reports(&env.project, "it belongs to another user\n  hint: set XDG_CACHE_HOME");
        }
        std::fs::remove_dir_all(&dir)?;
        std::fs::write(&dir, "")?;
        reports(&env.project, "it is not a directory\n  hint: remove it\n");
        Ok(())
    },
    fn nothing_is_changed_by_it() -> Outcome {
        let env = machine(&[("podman", &podman())]);
        let before = snapshot(&env.root());
        env.paude(&["doctor"]).code(0);
        assert_unchanged(&env.root(), &before);
        Ok(())
    }
);
