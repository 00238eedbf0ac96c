//! Which login a registry gets, and that nobody else sees it.

use std::net::TcpStream;

use super::artifact::{Artifact, component};
use super::server::{Asked, Server, respond};
use crate::support::{Env, Ran, tree};
use crate::trials;

/// `me:secret`, as files and headers have it.
const LOGIN: &str = "bWU6c2VjcmV0";

/// A registry that wants this header with everything, and asks for it by that challenge.
fn guarded(wanted: &'static str, challenge: &'static str) -> Server {
    let artifact = Artifact::of(&component("one"));
    Server::start(move |asked, stream| answer(asked, stream, wanted, challenge, &artifact))
}

fn answer(
    asked: &Asked,
    stream: &mut TcpStream,
    wanted: &str,
    challenge: &str,
    artifact: &Artifact,
) {
    match asked.header("authorization") == Some(wanted) {
        true => artifact.answer(asked, stream),
        false => respond(stream, 401, &[("WWW-Authenticate", challenge)], b"{}"),
    }
}

fn basic() -> Server {
    guarded("Basic bWU6c2VjcmV0", "Basic realm=\"r\"")
}

/// A registry that wants a token, and gives it for this header.
fn with_tokens(login: Option<&'static str>) -> Server {
    let artifact = Artifact::of(&component("one"));
    Server::start(move |asked, stream| {
        if !asked.target.starts_with("/token?") {
            let host = asked.header("host").unwrap();
            let challenge =
                format!("Bearer realm=\"http://{host}/token\",service=\"it self\",scope=\"*\"");
            return answer(asked, stream, "Bearer a.token", &challenge, &artifact);
        }
        match asked.header("authorization") == login {
            true => respond(stream, 200, &[], br#"{"token": "a.token"}"#),
            false => respond(stream, 401, &[], b"{}"),
        }
    })
}

fn pull(env: &Env, server: &Server) -> Ran {
    let reference = format!("127.0.0.1:{}/team/policy:1.0", server.port);
    env.paude(&["policy", "pull", &reference])
}

/// A file with this login for the server.
fn auths(server: &Server, login: &str) -> String {
    format!(r#"{{"auths": {{"127.0.0.1:{}": {{"auth": "{login}"}}}}}}"#, server.port)
}

trials!(
    fn the_files_of_podman_and_docker_are_read() -> Outcome {
        for (file, variable, value) in [
            (".docker/config.json", "", ""),
            ("elsewhere/config.json", "DOCKER_CONFIG", "elsewhere"),
            (".config/containers/auth.json", "", ""),
            ("elsewhere/containers/auth.json", "XDG_CONFIG_HOME", "elsewhere"),
            ("elsewhere/containers/auth.json", "XDG_RUNTIME_DIR", "elsewhere"),
            ("elsewhere/logins", "REGISTRY_AUTH_FILE", "elsewhere/logins"),
        ] {
            let (mut env, server) = (Env::new(), basic());
            pull(&env, &server).code(125).says("wants a login for");
            tree::write(&env.home().join(file), &auths(&server, LOGIN));
            if !variable.is_empty() {
                pull(&env, &server).code(125).says("wants a login for");
                env.set(variable, env.home().join(value).display().to_string());
            }
            pull(&env, &server).code(0);
        }
        Ok(())
    },
    fn the_file_of_podman_comes_first() -> Outcome {
        let (env, server) = (Env::new(), basic());
        tree::write(&env.home().join(".docker/config.json"), &auths(&server, "d3Jvbmc6eA=="));
        pull(&env, &server).code(125).says("does not let you pull");
        let podman = env.home().join(".config/containers/auth.json");
        tree::write(&podman, &auths(&server, LOGIN));
        pull(&env, &server).code(0);
        // One that has nothing for this registry leaves it to the next.
        tree::write(&podman, r#"{"auths": {"registry.invalid": {"auth": "bWU6c2VjcmV0"}}}"#);
        pull(&env, &server).code(125).says("does not let you pull");
        Ok(())
    },
    fn a_wrong_login_is_an_error_with_a_hint() -> Outcome {
        let (env, server) = (Env::new(), basic());
        tree::write(&env.home().join(".docker/config.json"), &auths(&server, "d3Jvbmc6eA=="));
        let ran = pull(&env, &server).code(125);
        let registry = format!("127.0.0.1:{}", server.port);
        ran.says(&format!(
            "error: registry `{registry}` does not let you pull `{registry}/team/policy:1.0`\n\
             hint: podman login {registry}, or docker login {registry}\n"
        ));
        // Once without a login, once with it, and not again.
        assert_eq!(server.targets().len(), 2);
        Ok(())
    },
    fn a_program_that_keeps_logins_is_asked() -> Outcome {
        let keeps = "[ $1 = get ] || exit 1; read -r server; echo \"$server\" >>\"$ROOT/asked\"";
        for (settings, name) in [
            (r#"{"credsStore": "test"}"#, "127.0.0.1:PORT"),
            (r#"{"credHelpers": {"127.0.0.1:PORT": "test"}}"#, "127.0.0.1:PORT"),
            (
                r#"{"credsStore": "test", "auths": {"https://127.0.0.1:PORT/v1/": {}}}"#,
                "https://127.0.0.1:PORT/v1/",
            ),
        ] {
            let (mut env, server) = (Env::new(), basic());
            let port = server.port.to_string();
            let file = env.home().join(".docker/config.json");
            tree::write(&file, &settings.replace("PORT", &port));
            pull(&env, &server).code(125).says("`docker-credential-test`, which keeps logins, ");
            // Written once: what another thread is just starting may have a file open.
            env.fake_engine("docker-credential-test", ". \"$ROOT/answer\"");
            let answers = |script: &str| std::fs::write(env.root().join("answer"), script).unwrap();
            answers(&format!("{keeps}\necho '{{\"Username\": \"me\", \"Secret\": \"secret\"}}'\n"));
            pull(&env, &server).code(0);
            let asked = std::fs::read_to_string(env.root().join("asked"))?;
            assert_eq!(asked.trim(), name.replace("PORT", &port));
            for (script, wanted) in [
                ("echo 'credentials not found in native keychain'; exit 1", "wants a login for"),
                ("echo 'it is locked'; exit 1", "failed: it is locked"),
                ("echo nothing", "printed no login"),
                (r#"echo '{"Username": "<token>", "Secret": "x"}'"#, "is an identity token"),
                ("head -c 1048577 /dev/zero", "printed more than 1048576 bytes"),
                ("head -c 1048576 /dev/zero", "printed no login"),
            ] {
                answers(script);
                pull(&env, &server).code(125).says(wanted);
            }
        }
        Ok(())
    },
    fn a_program_that_keeps_logins_may_not_take_longer_than_all_else() -> Outcome {
        let (mut env, server) = (Env::new(), basic());
        tree::write(&env.home().join(".docker/config.json"), r#"{"credsStore": "test"}"#);
        env.fake_engine("docker-credential-test", "exec sleep 3600");
        let reference = format!("127.0.0.1:{}/team/policy:1.0", server.port);
        env.paude(&["policy", "pull", &reference, "--timeout", "10"]).code(125).says(
            "`docker-credential-test`, which keeps logins, did not answer within 10 s\n\
             hint: --timeout SECONDS gives it more time\n",
        );
        Ok(())
    },
    /// Nobody is asked for a password for what everybody may have.
    fn logins_are_read_only_if_the_registry_wants_one() -> Outcome {
        let mut env = Env::new();
        tree::write(&env.home().join(".docker/config.json"), r#"{"credsStore": "test"}"#);
        env.fake_engine("docker-credential-test", "touch \"$ROOT/asked\"; exit 1");
        pull(&env, &Artifact::of(&component("one")).serve()).code(0);
        assert!(!env.root().join("asked").exists());
        pull(&env, &basic()).code(125);
        assert!(env.root().join("asked").exists());
        Ok(())
    },
    fn a_token_is_got_with_the_login_and_for_reading_only() -> Outcome {
        let (env, server) = (Env::new(), with_tokens(Some("Basic bWU6c2VjcmV0")));
        pull(&env, &server).code(125).says("wants a login for");
        tree::write(&env.home().join(".docker/config.json"), &auths(&server, LOGIN));
        pull(&env, &server).code(0);
        let targets = server.targets();
        let scope = "repository%3Ateam%2Fpolicy%3Apull";
        assert_eq!(targets[3], format!("/token?service=it%20self&scope={scope}"));
        // The registry itself gets the token, and never the login.
        for asked in server.asked().iter().filter(|asked| !asked.target.starts_with("/token")) {
            let sent = asked.header("authorization");
            assert!([None, Some("Bearer a.token")].contains(&sent), "{asked:?}");
        }
        Ok(())
    },
    fn a_token_without_a_login_is_used_too() -> Outcome {
        let (env, server) = (Env::new(), with_tokens(None));
        pull(&env, &server).code(0);
        Ok(())
    },
    fn no_login_is_sent_where_it_is_not_encrypted() -> Outcome {
        for (realm, wanted) in [
            // If curl were sent there, the message would be that it found no such host.
            (
                "http://auth.invalid/token",
                "wants the login sent to `http://auth.invalid/token`, which is not encrypted",
            ),
            ("ftp://auth.invalid/token", "names no address to get a token from"),
            ("https://127.0.0.1@auth.invalid/", "names no address to get a token from"),
            ("", "names no address to get a token from"),
        ] {
            let env = Env::new();
            let server = Server::start(move |_, stream| {
                let challenge = format!("Bearer realm=\"{realm}\"");
                respond(stream, 401, &[("WWW-Authenticate", &challenge)], b"{}");
            });
            tree::write(&env.home().join(".docker/config.json"), &auths(&server, LOGIN));
            pull(&env, &server).code(125).says(wanted);
        }
        Ok(())
    },
    /// Otherwise whoever keeps the layers could have the login sent to itself.
    fn only_the_registry_is_answered_when_it_asks_for_a_login() -> Outcome {
        let env = Env::new();
        let thief = Server::start(|asked, stream| {
            let host = asked.header("host").unwrap();
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            respond(stream, 401, &[("WWW-Authenticate", &challenge)], b"{}");
        });
        let port = thief.port;
        let server = Server::start(move |asked, stream| {
            let location = format!("http://127.0.0.1:{port}{}", asked.target);
            respond(stream, 307, &[("Location", &location)], b"");
        });
        tree::write(&env.home().join(".docker/config.json"), &auths(&server, LOGIN));
        pull(&env, &server).code(125).says("wants a login for");
        assert_eq!(thief.targets(), ["/v2/team/policy/manifests/1.0"]);
        Ok(())
    },
    fn a_request_for_a_token_follows_no_redirect() -> Outcome {
        let env = Env::new();
        let elsewhere = Server::silent();
        let port = elsewhere.port;
        let server = Server::start(move |asked, stream| {
            let host = asked.header("host").unwrap();
            if asked.target.starts_with("/token?") {
                let location = format!("http://127.0.0.1:{port}/token");
                return respond(stream, 302, &[("Location", &location)], b"");
            }
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            respond(stream, 401, &[("WWW-Authenticate", &challenge)], b"{}");
        });
        tree::write(&env.home().join(".docker/config.json"), &auths(&server, LOGIN));
        let wanted = format!("`http://127.0.0.1:{}/token` answered with status 302", server.port);
        pull(&env, &server).code(125).says(&wanted);
        assert_eq!(elsewhere.connections(), 0);
        Ok(())
    },
    fn a_token_has_a_limit() -> Outcome {
        let env = Env::new();
        let server = Server::start(move |asked, stream| {
            let host = asked.header("host").unwrap();
            if asked.target.starts_with("/token?") {
                return respond(stream, 200, &[], &vec![b' '; (1 << 20) + 1]);
            }
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            respond(stream, 401, &[("WWW-Authenticate", &challenge)], b"{}");
        });
        pull(&env, &server).code(125).says("sends more than the 1048576 bytes that it may have");
        Ok(())
    },
    fn a_redirect_to_another_server_gets_no_login() -> Outcome {
        let env = Env::new();
        let artifact = Artifact::of(&component("one"));
        let storage = artifact.clone().serve();
        let port = storage.port;
        let server = Server::start(move |asked, stream| {
            if asked.header("authorization").is_none() {
                return respond(stream, 401, &[("WWW-Authenticate", "Basic")], b"{}");
            }
            let location = format!("http://127.0.0.1:{port}{}", asked.target);
            respond(stream, 307, &[("Location", &location)], b"");
        });
        tree::write(&env.home().join(".docker/config.json"), &auths(&server, LOGIN));
        pull(&env, &server).code(0);
        assert_eq!(storage.asked().len(), 2);
        assert!(storage.asked().iter().all(|asked| asked.header("authorization").is_none()));
        Ok(())
    },
    /// Other users of the machine can read the arguments of a program.
    fn a_login_is_no_argument_and_no_variable() -> Outcome {
        let (mut env, server) = (Env::new(), with_tokens(Some("Basic bWU6c2VjcmV0")));
        let real = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec curl \"$@\"";
        env.fake_engine(
            "curl",
            &format!("echo \"$@\" >>\"$ROOT/args\"; env >>\"$ROOT/env\"; {real}"),
        );
        tree::write(&env.home().join(".docker/config.json"), r#"{"credsStore": "test"}"#);
        let prints = r#"echo '{"Username": "me", "Secret": "secret"}'"#;
        env.fake_engine("docker-credential-test", prints);
        pull(&env, &server).code(0);
        let args = std::fs::read_to_string(env.root().join("args"))?;
        assert!(args.lines().count() >= 4, "{args}");
        assert!(args.lines().all(|line| line == "-q --config -"), "{args}");
        let variables = std::fs::read_to_string(env.root().join("env"))?;
        assert!(variables.contains("HOME="), "{variables}");
        for secret in ["secret", LOGIN, "a.token"] {
            assert!(!variables.contains(secret), "{variables}");
        }
        Ok(())
    },
    fn a_damaged_file_is_named() -> Outcome {
        let (env, server) = (Env::new(), basic());
        let file = env.home().join(".docker/config.json");
        tree::write(&file, "{");
        let wanted = format!("error: cannot read the logins in `{}`: ", file.display());
        pull(&env, &server).code(125).says(&wanted);
        tree::write(&file, &auths(&server, "a\\nb"));
        pull(&env, &server).code(125).says("is damaged\nhint: podman login ");
        Ok(())
    }
);
