//! Daemons and services behind the clients: as whom they run, and podman in docker's place.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::{fake, one_error, subcommands};
use crate::support::{Env, Ran};
use crate::trials;

/// What docker and podman send first.
const DOCKER: &str = "Server: Docker/28.2.2 (linux)";
const PODMAN: &str = "Libpod-Api-Version: 5.4.2\r\nServer: Libpod/5.4.2 (linux)";

const ROOTFUL: &str = r#"{"SecurityOptions":["name=seccomp,profile=default"]}"#;
const ROOTLESS: &str = r#"{"SecurityOptions":["name=seccomp,profile=default","name=rootless"]}"#;

/// A daemon on a socket, with these headers, that sends `info` as its information. It belongs to
/// the user of `env` and goes on until the suite ends.
fn daemon(env: &mut Env, headers: &'static str, info: &'static str) {
    let socket = env.root().join("daemon.sock");
    let address = format!("unix://{}", socket.display());
    env.set("DOCKER_HOST", address.clone());
    env.set("CONTAINER_HOST", address);
    let user = env.user.map(|(uid, _)| rustix::process::Uid::from_raw(uid));
    let (listening, when_listening) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Of this thread alone. The kernel records who listens.
        rustix::thread::set_thread_res_uid(None, user, None).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        listening.send(()).unwrap();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            let body = if request.starts_with("GET /info ") { info } else { "OK" };
            let _ = write!(stream, "HTTP/1.0 200 OK\r\n{headers}\r\n\r\n{body}");
        }
    });
    when_listening.recv().unwrap();
}

fn with_engine(env: &Env, engine: &str, options: &[&str]) -> Ran {
    env.paude(&[&["--quiet", "--engine", engine], options, &["--", "true"]].concat())
}

/// Fails unless paude refuses docker, with each way to choose it.
fn refuses_docker(env: &Env, why: &str, queries: &str) {
    for engine in ["docker", "auto"] {
        let ran = with_engine(env, engine, &["--venv", ".venv"]).code(125);
        one_error(&ran.says("hint: use --engine podman"), why);
        assert!(!env.project.join(".venv").exists());
    }
    assert_eq!(subcommands(env), queries.repeat(2));
}

/// The value of `--user` of the container that a run starts; empty if there is none.
fn user_of_run(env: &Env, engine: &str) -> String {
    with_engine(env, engine, &[]).code(0);
    let args = std::fs::read_to_string(env.root().join("args")).unwrap();
    let mut words = args.split_whitespace().skip_while(|word| *word != "--user");
    words.nth(1).unwrap_or_default().to_owned()
}

/// What a container's user is if an engine runs as root.
fn own_ids(env: &Env) -> String {
    let (uid, gid) = env.user.unwrap_or_else(|| {
        let ids = (rustix::process::getuid(), rustix::process::getgid());
        (ids.0.as_raw(), ids.1.as_raw())
    });
    format!("{uid}:{gid}")
}

const LOGS_ARGS: &str = "echo \"$@\" >\"$ROOT/args\"; exit 0";

trials!(
    fn a_podman_service_in_place_of_dockers_daemon_is_refused() -> Outcome {
        let mut env = Env::with("README");
        fake(&mut env, "docker", "exit 0", "exit 0");
        env.only_fake_engines();
        daemon(&mut env, PODMAN, "{}");
        let why = "docker is connected to a podman service, not to its daemon\n";
        refuses_docker(&env, why, "");
        let said = env.paude(&["doctor", "--engine", "docker"]).code(1).stdout();
        assert!(said.contains("! docker: connected to a podman service"), "{said}");
        // Where podman is installed, `auto` uses it.
        fake(&mut env, "podman", "exit 7", "exit 0");
        with_engine(&env, "auto", &[]).code(7);
        Ok(())
    },
    /// As with a context, which only the client knows.
    fn a_podman_service_behind_a_context_is_refused() -> Outcome {
        let mut env = Env::with("README");
        let script = "case $1 in info) echo 'null index=[]' ;; \
                      version) echo 'Podman Engine, Conmon, ' ;; esac; exit 0";
        fake(&mut env, "docker", "exit 0", script);
        env.only_fake_engines();
        env.set("DOCKER_CONTEXT", "x");
        let why = "docker is connected to a podman service, not to its daemon\n";
        refuses_docker(&env, why, "info version ");
        Ok(())
    },
    fn a_wrapper_around_podman_is_refused() -> Outcome {
        let why = "docker is a wrapper around podman here\n";
        let mut env = Env::with("README");
        // As the package podman-docker has it, and as a link.
        let wrapper = "exec \"${0%/*}/libexec/podman\" \"$@\"";
        let client = "#!/bin/sh\necho podman version 5.4.2\n";
        let docker = env.fake_engine("docker", wrapper);
        env.only_fake_engines();
        let podman = docker.with_file_name("libexec").join("podman");
        env.install(&podman, client);
        refuses_docker(&env, why, "");
        std::fs::remove_file(&docker)?;
        symlink(&podman, &docker)?;
        refuses_docker(&env, why, "");
        // A script that only mentions it is started as any other.
        fake(&mut env, "docker", LOGS_ARGS, "exit 0 # not podman");
        env.set("DOCKER_CONTEXT", "x");
        with_engine(&env, "docker", &[]).code(0);
        assert_eq!(subcommands(&env), "--version info run ");
        Ok(())
    },
    /// Whatever the path of its socket.
    fn docker_is_asked_whether_it_is_rootless() -> Outcome {
        for (info, is_rootless) in [(ROOTLESS, true), (ROOTFUL, false)] {
            let mut env = Env::with(".venv/pyvenv.cfg");
            fake(&mut env, "docker", LOGS_ARGS, "exit 0");
            env.leave_root();
            daemon(&mut env, DOCKER, info);
            let expected = if is_rootless { "0:0".to_owned() } else { own_ids(&env) };
            assert_eq!(user_of_run(&env, "docker"), expected);
            let ran = with_engine(&env, "docker", &["--user", "1000"]);
            if is_rootless {
                let why = "would belong to a subordinate id, and not to you\n";
                one_error(&ran.code(2).says("hint: leave out --user"), why);
            } else {
                ran.code(0);
            }
            with_engine(&env, "docker", &["--user", "0:0"]).code(0);
            assert!(subcommands(&env).split(' ').all(|word| ["run", ""].contains(&word)));
        }
        Ok(())
    },
    /// Whatever it answers, and without an answer of its client.
    fn a_service_of_root_is_known_by_its_socket() -> Outcome {
        if !rustix::process::geteuid().is_root() {
            return Ok(()); // nobody else can serve as root
        }
        for (engine, headers) in [("docker", DOCKER), ("podman", PODMAN)] {
            let mut env = Env::with(".venv/pyvenv.cfg");
            fake(&mut env, engine, LOGS_ARGS, "exit 1");
            daemon(&mut env, headers, ROOTLESS);
            let socket = env.root().join("daemon.sock");
            env.leave_root();
            std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666))?;
            assert_eq!(user_of_run(&env, engine), own_ids(&env), "{engine}");
            assert!(subcommands(&env).split(' ').all(|word| ["run", ""].contains(&word)));
        }
        Ok(())
    },
    fn a_service_of_podman_is_asked_whether_it_is_rootless() -> Outcome {
        let mut env = Env::with(".venv/pyvenv.cfg");
        let script = format!(
            "case $1 in run) {LOGS_ARGS} ;; esac\necho $1 >>\"$ROOT/log\"\n\
             [ $1 = info ] || exit 0\ncat \"$ROOT/answer\" || {{ echo 'Error: refused' >&2; exit 125; }}"
        );
        env.fake_engine("podman", &script);
        env.leave_root();
        let answer = |text: &str| std::fs::write(env.root().join("answer"), text).unwrap();
        answer("false\n");
        // Started by paude's own user, it can only be rootless.
        assert_eq!(user_of_run(&env, "podman"), "0:0");
        assert_eq!(subcommands(&env), "");
        let services: [&[(&str, &str)]; 3] = [
            &[("CONTAINER_HOST", "unix:///run/podman/podman.sock")],
            &[("CONTAINER_CONNECTION", "x")],
            &[("CONTAINERS_CONF", "$ROOT/containers.conf")],
        ];
        let conf = env.root().join("containers.conf");
        std::fs::write(&conf, "[engine]\nremote = true\n")?;
        for vars in services {
            let mut env = Env::with(".venv/pyvenv.cfg");
            env.fake_engine("podman", &script);
            for (name, value) in vars {
                env.set(name, value.replace("$ROOT", conf.parent().unwrap().to_str().unwrap()));
            }
            env.leave_root();
            let answer = |text: &str| std::fs::write(env.root().join("answer"), text).unwrap();
            answer("false\n");
            assert_eq!(user_of_run(&env, "podman"), own_ids(&env), "{vars:?}");
            answer("true\n");
            assert_eq!(user_of_run(&env, "podman"), "0:0", "{vars:?}");
            assert_eq!(subcommands(&env), "info info ");
            std::fs::remove_file(env.root().join("answer"))?;
            let ran = with_engine(&env, "podman", &[]).code(125);
            one_error(&ran, "podman's service cannot be queried: Error: refused\nhint: ");
        }
        Ok(())
    },
    fn why_a_docker_cannot_be_used_is_reported() -> Outcome {
        let mut env = Env::with(".venv/pyvenv.cfg");
        fake(&mut env, "docker", "exit 0", "exit 0");
        env.leave_root();
        daemon(&mut env, DOCKER, ROOTFUL);
        let socket = env.root().join("daemon.sock");
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000))?;
        let why = "docker is installed, but its daemon denies you access\n";
        one_error(&with_engine(&env, "docker", &[]).code(125).says("hint: join the group"), why);
        let said = env.paude(&["doctor"]).stdout();
        assert!(said.contains("! docker: installed, but its daemon denies you access\n"), "{said}");

        let mut env = Env::with(".venv/pyvenv.cfg");
        let text = "Failed to initialize: unable to resolve docker endpoint: context \"x\": context \
                    not found: open /meta.json: no such file or directory";
        fake(&mut env, "docker", "exit 0", &format!("echo '{text}' >&2; exit 1"));
        env.set("DOCKER_CONTEXT", "x");
        let why = "docker is installed, but the context that it is set to does not exist\n";
        one_error(&with_engine(&env, "docker", &[]).code(125), why);
        let said = env.paude(&["doctor"]).stdout();
        let wanted = "! docker: installed, but the context that it is set to does not exist\n  \
                      hint: `docker context ls`";
        assert!(said.contains(wanted), "{said}");
        Ok(())
    },
    fn a_service_of_podman_on_this_machine_is_in_no_virtual_machine() -> Outcome {
        const INFO: &str = include_str!("../../fixtures/podman-info.json");
        let remote = INFO.replace("Remote\": false", "Remote\": true");
        let said = |info: &str, host: &str| {
            let mut env = Env::with(".venv/pyvenv.cfg");
            env.fake_engine(
                "podman",
                &format!("case $1 in info) echo '{info}' ;; *) exit 1 ;; esac"),
            );
            env.set("CONTAINER_HOST", host);
            env.paude(&["doctor", "--engine", "podman"]).stdout()
        };
        let local = said(&remote, "unix:///run/podman/podman.sock");
        assert!(
            local.contains("✓ podman: CONTAINER_HOST names a service on this machine"),
            "{local}"
        );
        assert!(!local.contains("virtual machine"), "{local}");
        let other_kernel = remote.replace("\"host\": {", "\"host\": {\"kernel\": \"1.0-machine\",");
        for said in [said(&remote, "ssh://box"), said(&other_kernel, "unix:///machine.sock")] {
            assert!(said.contains("! podman: its containers run in a virtual machine"), "{said}");
        }
        // Every run fails with this combination, so the engine does not work.
        if Path::new("/sys/fs/cgroup/unified").exists() {
            let crun = INFO.replace("\"v2\"", "\"v1\"").replace("runc", "crun");
            let said = said(&crun, "unix:///x");
            assert!(said.contains("! podman: crun does not support hybrid cgroups"), "{said}");
            assert!(said.contains("✗ engine: podman, which does not work here\n"), "{said}");
        }
        Ok(())
    }
);
