//! What a registry may send, and where it may lead.

use std::io::Write as _;

use super::artifact::{Artifact, LAYER_TYPE, component, sha256};
use super::server::{Server, respond, wait_for_end};
use crate::support::{Env, Ran};
use crate::trials;

/// Pulls from a server of the test's own, with these further arguments.
fn pull(env: &Env, server: &Server, more: &[&str]) -> Ran {
    let reference = format!("127.0.0.1:{}/team/policy:1.0", server.port);
    env.paude(&[&["policy", "pull", &reference], more].concat())
}

/// What is in the store, and what is left of what was not kept.
fn stored(env: &Env) -> Vec<String> {
    let dir = env.home().join(".local/state/paude/policies");
    let files = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn assert_refused(server: Server, wanted: &str) {
    let env = Env::new();
    let ran = pull(&env, &server, &["--timeout", "120"]).code(125).prints("");
    let said = ran.stderr();
    assert!(said.starts_with("error: ") && said.contains(wanted), "{said}");
    assert!(stored(&env).is_empty(), "{:?}", stored(&env));
}

trials!(
    fn a_policy_is_pulled_and_pinned() -> Outcome {
        let (env, component) = (Env::new(), component("one"));
        let server = Artifact::of(&component).serve();
        let hash = sha256(&component);
        let reference = format!("127.0.0.1:{}/team/policy:1.0", server.port);
        let wanted = format!(
            "Pulled {reference} (1 KiB). To use it, in paude.json:\n  \
             \"policy\": {{\"oci\": \"{reference}\", \"sha256\": \"{hash}\"}}\n"
        );
        pull(&env, &server, &[]).code(0).prints(&wanted);
        assert_eq!(stored(&env), [format!("{hash}.json"), format!("{hash}.wasm")]);
        let blob = format!("/v2/team/policy/blobs/sha256:{hash}");
        assert_eq!(server.targets(), ["/v2/team/policy/manifests/1.0", &blob]);
        for asked in server.asked() {
            assert_eq!(asked.method, "GET");
            assert_eq!(asked.header("authorization"), None);
        }
        Ok(())
    },
    fn a_pin_is_compared_before_anything_is_fetched() -> Outcome {
        let (env, component) = (Env::new(), component("one"));
        let server = Artifact::of(&component).serve();
        let (hash, other) = (sha256(&component), sha256(b"other"));
        let wanted = format!("is not what was asked for: its sha256 is {hash}, not {other}");
        pull(&env, &server, &["--sha256", &other]).code(125).says(&wanted);
        assert_eq!(server.targets().len(), 1);
        pull(&env, &server, &["--sha256", &hash]).code(0);
        pull(&env, &server, &["--sha256", &hash[1..]]).code(2).says("64 hexadecimal digits");
        Ok(())
    },
    fn a_manifest_named_by_its_digest_is_the_only_one() -> Outcome {
        let env = Env::new();
        let artifact = Artifact::of(&component("one"));
        let digest = sha256(&artifact.manifest());
        let server = artifact.serve();
        let pull = |digest: &str| {
            let reference = format!("127.0.0.1:{}/team/policy@sha256:{digest}", server.port);
            env.paude(&["policy", "pull", &reference])
        };
        pull(&digest).code(0);
        pull(&sha256(b"other")).code(125).says("sent another manifest than");
        Ok(())
    },
    fn what_is_not_the_content_of_its_digest_is_not_kept() -> Outcome {
        let other = component("two");
        let server = Artifact::of(&component("one"))
            .serve_layers(move |_, stream| respond(stream, 200, &[], &other));
        assert_refused(server, "sent something else than `127.0.0.1:");
        Ok(())
    },
    fn more_than_a_component_has_is_not_read() -> Outcome {
        // One says how much it sends, the other never ends.
        let artifact = Artifact::of(&component("one"));
        let long = vec![0; 1 << 20];
        let server =
            artifact.clone().serve_layers(move |_, stream| respond(stream, 200, &[], &long));
        assert_refused(server, "sends more than the ");
        let server = artifact.serve_layers(|_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".to_vec(), vec![0; 0x10000], b"\r\n".to_vec()].concat();
            while stream.write_all(&chunk).is_ok() {}
        });
        assert_refused(server, "sends more than the ");
        let server = Server::start(|_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\n\r\n");
            while stream.write_all(&[b' '; 0x10000]).is_ok() {}
        });
        assert_refused(server, "sends more than the 4194304 bytes");
        Ok(())
    },
    /// Only the answer shows how long it is, and it is longer by one byte.
    fn one_byte_too_many_is_not_kept() -> Outcome {
        let bytes = component("one");
        let server = Artifact::of(&bytes).serve_layers(move |_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(&bytes).and_then(|()| stream.write_all(b"x"));
        });
        assert_refused(server, "sends more than the ");
        Ok(())
    },
    fn what_ends_too_early_is_not_kept() -> Outcome {
        let bytes = component("one");
        let server = Artifact::of(&bytes).serve_layers(move |_, stream| {
            let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", bytes.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&bytes[..bytes.len() - 1]);
        });
        assert_refused(server, "error: cannot fetch from `127.0.0.1`: ");
        // Where the end of the connection is the end of the answer, the digest shows it.
        let bytes = component("one");
        let server = Artifact::of(&bytes).serve_layers(move |_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(&bytes[..bytes.len() - 1]);
        });
        assert_refused(server, "sent something else than");
        Ok(())
    },
    fn a_registry_that_takes_too_long_is_left() -> Outcome {
        let env = Env::new();
        let server = Server::start(|_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n{");
            wait_for_end(stream);
        });
        let ran = pull(&env, &server, &["--timeout", "1"]).code(125);
        ran.says("`127.0.0.1` did not send everything within 1 s\nhint: --timeout SECONDS");
        assert!(stored(&env).is_empty());
        Ok(())
    },
    fn anything_but_one_component_is_refused() -> Outcome {
        let one = component("one");
        let two = Artifact::of(&one).and_layer(LAYER_TYPE, &component("two"));
        assert_refused(two.serve(), "has 2 layers, and a component is one\nhint: ");
        assert_refused(Server::silent(), "has no `127.0.0.1:");
        for (status, wanted) in [
            (403, "wants a login for"),
            (429, "answers no more requests for now"),
            (500, "/v2/team/policy/manifests/1.0` answered with status 500"),
        ] {
            let server = Server::start(move |_, stream| respond(stream, status, &[], b"{}"));
            assert_refused(server, wanted);
        }
        let server = Server::start(|_, stream| respond(stream, 200, &[], b"\x1b[2J"));
        assert_refused(server, "has no valid manifest: ");
        let server = Server::start(|_, stream| drop(stream.write_all(b"no HTTP\r\n\r\n")));
        assert_refused(server, "error: cannot fetch from `127.0.0.1`: ");
        Ok(())
    },
    fn a_redirect_is_followed_to_another_place_on_this_machine() -> Outcome {
        let env = Env::new();
        let artifact = Artifact::of(&component("one"));
        let storage = artifact.clone().serve();
        let port = storage.port;
        let server = artifact.serve_layers(move |asked, stream| {
            let location = format!("http://127.0.0.1:{port}{}", asked.target);
            respond(stream, 307, &[("Location", &location)], b"");
        });
        pull(&env, &server, &[]).code(0);
        assert_eq!(storage.targets().len(), 1);
        Ok(())
    },
    fn five_redirects_are_followed_and_a_sixth_is_not() -> Outcome {
        for (count, code) in [(5, 0), (6, 125)] {
            let env = Env::new();
            let artifact = Artifact::of(&component("one"));
            let mut left = count;
            let server = Server::start(move |asked, stream| match left {
                0 => artifact.answer(asked, stream),
                _ => {
                    left -= 1;
                    respond(stream, 302, &[("Location", &asked.target)], b"");
                }
            });
            pull(&env, &server, &[]).code(code);
            let manifests = server.targets().iter().filter(|it| it.contains("manifests")).count();
            assert_eq!(manifests, 6);
        }
        Ok(())
    },
    fn a_redirect_leads_neither_out_of_encryption_nor_in_a_circle() -> Outcome {
        for (location, wanted) in [
            // If curl were sent there, the message would be that it found no such host.
            (
                "http://storage.invalid/x?secret",
                "`http://storage.invalid/x`, which is not encrypted",
            ),
            ("file:///etc/passwd", "redirects to `file:///etc/passwd`, which is no address"),
            ("//storage.invalid/x", "which is no address"),
            ("https://user@storage.invalid/x", "which is no address"),
            ("", "redirects to ``, which is no address"),
            ("/v2/again", "redirects more than 5 times"),
        ] {
            let server = Server::start(move |_, stream| {
                respond(stream, 302, &[("Location", location)], b"");
            });
            assert_refused(server, wanted);
        }
        Ok(())
    },
    /// What is not encrypted must not leave the machine.
    fn no_proxy_sees_what_is_for_this_machine() -> Outcome {
        let (mut env, proxy) = (Env::new(), Server::silent());
        for variable in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
            env.set(variable, format!("http://127.0.0.1:{}", proxy.port));
        }
        let server = Artifact::of(&component("one")).serve();
        pull(&env, &server, &[]).code(0);
        let reference = format!("localhost:{}/team/policy:1.0", server.port);
        env.paude(&["policy", "pull", &reference]).code(0);
        assert_eq!(proxy.connections(), 0);
        Ok(())
    },
    /// Nothing is sent to it but the wish to speak TLS.
    fn a_registry_elsewhere_is_reached_through_the_proxy_and_with_tls_only() -> Outcome {
        let mut env = Env::new();
        let proxy = Server::start(|_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 X\r\n\r\n");
            let _ = stream.write_all(b"HTTP/1.1 400 X\r\n\r\n");
            wait_for_end(stream);
        });
        env.set("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port));
        env.set("http_proxy", format!("http://127.0.0.1:{}", proxy.port));
        let ran = env.paude(&["policy", "pull", "registry.invalid/a:1"]).code(125);
        ran.says("error: cannot speak TLS with `registry.invalid`: ");
        assert_eq!(proxy.targets(), ["registry.invalid:443"]);
        assert_eq!(proxy.asked()[0].method, "CONNECT");
        Ok(())
    },
    fn settings_of_curl_are_not_read() -> Outcome {
        let env = Env::new();
        let file = env.root().join("written");
        let settings = format!("output = \"{}\"\n", file.display());
        std::fs::write(env.home().join(".curlrc"), settings)?;
        pull(&env, &Artifact::of(&component("one")).serve(), &[]).code(0);
        assert!(!file.exists());
        Ok(())
    },
    fn without_curl_the_error_says_so() -> Outcome {
        let mut env = Env::new();
        env.set("PATH", env.home().display().to_string());
        let ran = env.paude(&["policy", "pull", "registry.invalid/a:1"]).code(125);
        ran.says("error: curl is not installed, and paude fetches policies with it\nhint: ");
        Ok(())
    },
    fn a_reference_names_registry_and_version() -> Outcome {
        let env = Env::new();
        for (reference, wanted) in [
            ("policy:1.0", "expected HOST/NAME:TAG"),
            ("registry.invalid/policy", "it names no version"),
            ("https://registry.invalid/policy:1", "expected HOST/NAME:TAG"),
            ("registry.invalid/policy:1\" -o x", "expected HOST/NAME:TAG"),
        ] {
            env.paude(&["policy", "pull", reference]).code(2).says(wanted);
            let policy = format!("oci:{reference}");
            env.paude(&["plan", "--policy", &policy]).code(2).says(wanted);
        }
        Ok(())
    }
);
