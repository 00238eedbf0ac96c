//! `paude doctor`: what is known to go wrong is told, with what to do about it. Engines
//! are shell scripts that answer as real ones do.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::hostile::policy;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, tree};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![
        traps_of_podman_are_told,
        traps_of_docker_are_told,
        an_engine_that_does_not_work_is_bad_if_it_is_taken,
        what_cannot_work_is_bad,
        every_line_is_in_the_json,
        an_image_is_here_or_will_be_fetched,
        the_policy_cache_is_counted,
        why_the_policy_cache_is_not_used_is_told,
        nothing_is_touched,
    ]
}

/// A machine with these engines, each a script that is given its arguments.
fn machine(engines: &[(&str, &str)]) -> Env {
    let mut env = Env::with(".venv/pyvenv.cfg: \"version = 3.12.1\\n\"");
    for (name, script) in engines {
        let file = env.root().join("bin").join(name);
        tree::write(&file, &format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    env.vars.push(("PATH".to_owned(), env.root().join("bin").display().to_string()));
    // Asked by way of its client.
    env.vars.push(("DOCKER_CONTEXT".to_owned(), "test".to_owned()));
    env
}

fn podman(changed: &str, to: &str) -> String {
    let info = r#"{"version": {"Version": "4.3.1"}, "store": {"graphDriverName": "overlay"},
        "host": {"ociRuntime": {"name": "runc"}, "cgroupVersion": "v2", "serviceIsRemote": false,
        "security": {"rootless": false}, "idMappings": {"uidmap": null}}}"#;
    assert!(info.contains(changed), "{changed}");
    format!("case $1 in info) echo '{}' ;; *) exit 1 ;; esac", info.replace(changed, to))
}

fn docker(changed: &str, to: &str) -> String {
    let info = r#"{"ServerVersion": "20.10.24", "SecurityOptions": ["name=seccomp,profile=default"],
        "OperatingSystem": "Debian", "DefaultRuntime": "runc"}"#;
    assert!(info.contains(changed), "{changed}");
    format!("case $1 in info) echo '{}' ;; *) exit 1 ;; esac", info.replace(changed, to))
}

fn traps_of_podman_are_told() -> Outcome {
    let cases = [
        ("x", "✓ podman: 4.3.1, as root, runtime runc, storage overlay\n"),
        ("\"4.3.1\"|\"4.2.0\"", "! podman: older than 4.3"),
        ("\"overlay\"|\"vfs\"", "! podman: the storage driver vfs copies the whole image"),
        ("\"serviceIsRemote\": false|\"serviceIsRemote\": true", "! podman: its containers run in"),
        ("\"rootless\": false|\"rootless\": true", "! sub-ids: /etc/subuid gives you none"),
        (
            "false}, \"idMappings\": {\"uidmap\": null|true}, \"idMappings\": {\"uidmap\": [{\"size\": 1}, {\"size\": 65536}]",
            "✓ sub-ids: 65536 further user ids\n",
        ),
    ];
    for (change, wanted) in cases {
        let (from, to) = change.split_once('|').unwrap_or(("4.3.1", "4.3.1"));
        let said = machine(&[("podman", &podman(from, to))]).paude(&["doctor"]).code(0).stdout();
        assert!(said.contains(wanted), "{change}: {said}");
        assert!(said.contains("✓ engine: podman: it is installed\n"), "{said}");
        let warnings = said.lines().filter(|line| line.starts_with("! podman")).count();
        assert_eq!(warnings, usize::from(wanted.starts_with("! podman")), "{said}");
    }
    Ok(())
}

fn an_engine_that_does_not_work_is_bad_if_it_is_taken() -> Outcome {
    let broken = "echo 'cannot re-exec process' >&2; exit 125";
    let env = machine(&[("podman", broken)]);
    let said = env.paude(&["doctor"]).code(1).stdout();
    assert!(said.starts_with("! podman: `podman info` fails: cannot re-exec process\n  hint: "));
    let wanted = "✗ engine: podman, which does not work here\n  hint: mend it, or choose another";
    assert!(said.contains(wanted) && !said.contains("image: "), "{said}");
    let said = env.paude(&["doctor", "--engine", "native"]).code(0).stdout();
    assert!(said.contains("✓ engine: native: you chose it\n"), "{said}");
    // One that answers a ping, and has no more to say.
    let mut env = machine(&[("docker", "case $3 in '{{json .}}') exit 1 ;; esac")]);
    let said = env.paude(&["doctor", "--engine", "docker"]).code(1).stdout();
    assert!(said.contains("✗ engine: docker, which does not work here\n"), "{said}");
    env.vars.clear();
    let said = env.paude(&["doctor", "--engine", "native", "--user", "1000"]).code(1).stdout();
    assert!(said.contains("✗ engine: the native engine runs as you, and cannot take --user\n"));
    Ok(())
}

fn traps_of_docker_are_told() -> Outcome {
    let cases = [
        ("Debian|Debian", "✓ docker: 20.10.24, as root, runtime runc\n"),
        ("20.10.24|19.3.0", "! docker: older than 20.10"),
        ("Debian|Docker Desktop", "! docker: Docker Desktop runs containers in a virtual machine"),
        ("name=seccomp|name=userns", "! docker: the daemon remaps user ids"),
        ("name=seccomp|name=rootless", "✓ docker: 20.10.24, rootless"),
    ];
    for (change, wanted) in cases {
        let (from, to) = change.split_once('|').unwrap();
        let said = machine(&[("docker", &docker(from, to))]).paude(&["doctor"]).code(0).stdout();
        assert!(said.contains(wanted), "{change}: {said}");
        assert!(said.contains("✓ podman: not installed\n"), "{said}");
    }
    let said = machine(&[("docker", "exit 1")]).paude(&["doctor"]).stdout();
    assert!(said.contains("! docker: installed, but its daemon does not answer\n"));
    Ok(())
}

fn what_cannot_work_is_bad() -> Outcome {
    let said = machine(&[]).paude(&["doctor", "--engine", "podman"]).code(1).stdout();
    assert!(said.contains("✗ engine: podman is not installed: "), "{said}");
    let env = machine(&[]);
    env.write("paude.json", "{\"vnev\": \"none\"}");
    let said = env.paude(&["doctor"]).code(1).stdout();
    let wanted = "✗ project: paude.json:1:7: unknown key `vnev`\n  hint: did you mean `venv`?\n";
    assert!(said.contains(wanted), "{said}");
    // An error of several lines is one here.
    let linked = Env::with("out -> /nonexistent\nin -> .");
    linked.write("paude.json", "{\"venv\": [\"out\", \"in\"]}");
    let said = linked.paude(&["doctor"]).code(1).stdout();
    assert!(said.contains("✗ project: ") && !said.contains("\\n"), "{said}");
    env.write("paude.json", "{\"venv\": \"none\"}");
    let said = env.paude(&["doctor", "--engine", "docker"]).code(1).stdout();
    assert!(said.contains("! project: no environment is hidden, with a warning\n"), "{said}");
    Ok(())
}

fn every_line_is_in_the_json() -> Outcome {
    let env = machine(&[("podman", &podman("overlay", "vfs"))]);
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
}

fn an_image_is_here_or_will_be_fetched() -> Outcome {
    let image = "docker.io/library/python:3.12-slim";
    let env = machine(&[("podman", &podman("overlay", "overlay"))]);
    let said = env.paude(&["doctor"]).code(0).stdout();
    let wanted = format!(
        "! image: `{image}` is not here: the first run fetches it\n  hint: podman pull {image}\n"
    );
    assert!(said.contains(&wanted), "{said}");
    let here = podman("overlay", "overlay").replace("*) exit 1", "image) exit 0");
    let said = machine(&[("podman", &here)]).paude(&["doctor"]).code(0).stdout();
    assert!(said.contains(&format!("✓ image: `{image}` is here\n")), "{said}");
    Ok(())
}

fn the_policy_cache_is_counted() -> Outcome {
    let env = machine(&[("podman", &podman("overlay", "overlay"))]);
    assert!(!env.paude(&["doctor"]).stdout().contains("policy cache"));
    let file = policy::make(&env, "empty").display().to_string();
    env.paude(&["plan", "--policy", &file]).code(0);
    let dir = env.home().join(".cache/paude/policies");
    let wanted = format!("✓ policy cache: `{}`, 1 policy, 1 MiB\n", dir.display());
    let said = env.paude(&["doctor"]).stdout();
    assert!(said.contains(&wanted), "{said}");
    Ok(())
}

fn why_the_policy_cache_is_not_used_is_told() -> Outcome {
    let env = machine(&[("podman", &podman("overlay", "overlay"))]);
    let file = policy::make(&env, "empty").display().to_string();
    env.paude(&["plan", "--policy", &file]).code(0);
    let dir = env.home().join(".cache/paude/policies");
    let told = |project: &Path, why: &str| {
        let project = project.display().to_string();
        let said = env.paude(&["doctor", "-C", &project]).stdout();
        let wanted = format!("! policy cache: `{}` is not used: {why}", dir.display());
        assert!(said.contains(&wanted), "{said}");
    };
    let open = |place: &Path, mode: u32| {
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    told(&env.home(), "it lies in this project, where containers write\n  hint: set XDG_CACHE");
    std::fs::create_dir(dir.join("inner"))?;
    told(&dir.join("inner"), "this project lies in it, and containers write there\n  hint: set");
    open(&dir, 0o755);
    let wanted = format!("others may go there (mode 755)\n  hint: chmod 700 {}\n", dir.display());
    told(&env.project, &wanted);
    open(&dir, 0o700);
    let above = env.home().join(".cache").display().to_string();
    open(above.as_ref(), 0o777);
    let wanted = format!("`{above}`, above it, is another person's, or others can write there\n");
    told(&env.project, &(wanted + "  hint: chmod go-w " + &above));
    open(above.as_ref(), 0o700);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&dir, Some(1), None)?;
        told(&env.project, "it belongs to another person\n  hint: set XDG_CACHE_HOME");
    }
    std::fs::remove_dir_all(&dir)?;
    std::fs::write(&dir, "")?;
    told(&env.project, "it is not a directory\n  hint: remove it\n");
    Ok(())
}

fn nothing_is_touched() -> Outcome {
    let env = machine(&[("podman", &podman("overlay", "overlay"))]);
    let before = snapshot(&env.root());
    env.paude(&["doctor"]).code(0);
    assert_unchanged(&env.root(), &before);
    Ok(())
}
