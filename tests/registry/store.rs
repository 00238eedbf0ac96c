//! What was pulled is used, listed, verified and removed, and no run opens a connection.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::artifact::{Artifact, component, sha256};
use super::server::Server;
use crate::support::{Checked, Env, tree};
use crate::trials;

/// Every command that runs a policy, in a project without a session.
const RUNS: [&[&str]; 7] = [
    &["plan"],
    &["--engine", "native", "--", "true"],
    &["run", "--engine", "podman", "--dry-run"],
    &["export", "ignore"],
    &["verify", "--engine", "native"],
    &["doctor", "--no-run"],
    &["policy", "run"],
];

/// A project that the built-in policy would hide something in; the pulled ones hide nothing.
fn project() -> Env {
    Env::with(".venv/pyvenv.cfg")
}

fn person(env: &Env, text: &str) {
    tree::write(&env.home().join(".config/paude/config.json"), text);
}

fn reference(server: &Server) -> String {
    format!("127.0.0.1:{}/team/policy:1.0", server.port)
}

/// Pulls a component, and returns its hash.
fn pull(env: &Env, component: &[u8]) -> (Server, String) {
    let server = Artifact::of(component).serve();
    env.paude(&["policy", "pull", &reference(&server)]).code(0);
    (server, sha256(component))
}

fn directory(env: &Env) -> PathBuf {
    env.home().join(".local/state/paude/policies")
}

/// The number of hidden directories.
fn hidden(env: &Env, args: &[&str]) -> usize {
    let ran = env.paude(&[&["plan", "--format", "json"], args].concat()).code(0);
    let plan: Value = serde_json::from_str(&ran.stdout()).unwrap();
    plan["shadows"].as_array().unwrap().len()
}

/// Runs every command, each in the three ways in which a policy of a registry can be named.
fn each_run(env: &Env, reference: &str, hash: &str, mut check: impl FnMut(&[&str], Checked)) {
    let setting = format!(r#"{{"policy": {{"oci": "{reference}", "sha256": "{hash}"}}}}"#);
    let name = format!("oci:{reference}");
    for run in RUNS {
        env.write("paude.json", &setting);
        check(run, Checked::any(env.paude(run)));
        env.write("paude.json", "{}");
        person(env, &setting);
        check(run, Checked::any(env.paude(run)));
        person(env, "{}");
        let (command, after) =
            run.split_at(run.iter().position(|arg| *arg == "--").unwrap_or(run.len()));
        let args = [command, &["--policy", &name], after].concat();
        check(run, Checked::any(env.paude(&args)));
    }
}

trials!(
    fn a_run_opens_no_connection_for_a_policy_that_was_not_pulled() -> Outcome {
        let (env, server) = (project(), Server::silent());
        let (reference, hash) = (reference(&server), sha256(b"anything"));
        each_run(&env, &reference, &hash, |run, ran| {
            let (said, shown) = (ran.stderr(), ran.stdout());
            let wanted = format!("paude policy pull {reference}");
            assert!(said.contains(&wanted) || shown.contains(&wanted), "{run:?}: {said}{shown}");
            assert_ne!(ran.exit_code(), Some(0), "{run:?}");
        });
        let pinned = format!(r#"{{"policy": {{"oci": "{reference}", "sha256": "{hash}"}}}}"#);
        env.write("paude.json", &pinned);
        env.paude(&["up", "--engine", "native"]).code(125).says("was not pulled");
        env.paude(&["plan"]).code(125).prints("").says(&format!(
            "error: policy `{reference}` was not pulled, and a run fetches nothing\n\
             hint: paude policy pull {reference} --sha256 {hash}\n"
        ));
        assert_eq!(server.connections(), 0);
        assert!(!directory(&env).exists());
        Ok(())
    },
    fn a_run_opens_no_connection_for_a_policy_that_was_pulled() -> Outcome {
        let env = project();
        let (server, hash) = pull(&env, &component("one"));
        let before = server.connections();
        each_run(&env, &reference(&server), &hash, |run, ran| {
            assert!(!ran.stderr().contains("was not pulled"), "{run:?}: {}", ran.stderr());
        });
        assert_eq!(server.connections(), before);
        Ok(())
    },
    fn what_was_pulled_decides() -> Outcome {
        let env = project();
        let (server, hash) = pull(&env, &component("one"));
        assert_eq!(hidden(&env, &[]), 1);
        let reference = reference(&server);
        drop(server);
        assert_eq!(hidden(&env, &["--policy", &format!("oci:{reference}")]), 0);
        assert_eq!(hidden(&env, &["--policy", &format!("sha256:{hash}")]), 0);
        let setting = |hash: &str, reference: &str| {
            format!(r#"{{"policy": [{{"oci": "{reference}", "sha256": "{hash}"}}]}}"#)
        };
        env.write("paude.json", &setting(&hash.to_uppercase(), &reference));
        assert_eq!(hidden(&env, &[]), 0);
        // The content counts, wherever a project says that it is.
        env.write("paude.json", &setting(&hash, "registry.invalid/other:2"));
        assert_eq!(hidden(&env, &[]), 0);
        env.write("paude.json", &setting(&sha256(b"other"), &reference));
        env.paude(&["plan"]).code(125).says("was not pulled");
        env.write("paude.json", "{}");
        person(&env, &setting(&hash, &reference));
        assert_eq!(hidden(&env, &[]), 0);
        Ok(())
    },
    fn a_setting_has_a_path_or_a_reference_and_always_a_hash() -> Outcome {
        let env = Env::new();
        let hash = sha256(b"");
        for (policy, wanted) in [
            (r#"{"oci": "registry.invalid/a:1"}"#.to_owned(), "missing field `sha256`"),
            (format!(r#"{{"sha256": "{hash}"}}"#), "missing field `path` or `oci`"),
            (
                format!(r#"{{"path": "a", "oci": "registry.invalid/a:1", "sha256": "{hash}"}}"#),
                "`path` and `oci` exclude each other",
            ),
            (format!(r#"{{"oci": "a:1", "sha256": "{hash}"}}"#), "expected HOST/NAME:TAG"),
            (format!(r#"{{"oci": null, "sha256": "{hash}"}}"#), "invalid type: null"),
        ] {
            env.write("paude.json", &format!(r#"{{"policy": {policy}}}"#));
            env.paude(&["plan"]).code(2).says(wanted);
        }
        Ok(())
    },
    fn a_store_that_others_could_have_written_is_not_used() -> Outcome {
        let env = project();
        let (_server, hash) = pull(&env, &component("one"));
        let policy = format!("sha256:{hash}");
        let plan = ["plan", "--policy", &policy];
        for (above, mode) in [(0, 0o770), (0, 0o701), (1, 0o777), (2, 0o775), (3, 0o772)] {
            let place = directory(&env);
            let place = place.ancestors().nth(above).unwrap();
            std::fs::set_permissions(place, Permissions::from_mode(mode))?;
            let wanted = format!(
                "error: cannot use the pulled policies in `{}`: ",
                directory(&env).display()
            );
            env.paude(&plan).code(125).says(&wanted).says("\nhint: chmod ");
            env.paude(&["policy", "pull", "127.0.0.1:1/a:1"]).code(125).says(&wanted);
            std::fs::set_permissions(place, Permissions::from_mode(0o700))?;
            env.paude(&plan).code(0);
        }
        // Containers of this project could write it.
        let home = env.home().display().to_string();
        let ran = env.paude(&[&plan[..], &["-C", &home]].concat()).code(125);
        ran.says(
            "it is inside this project, where containers can write\nhint: set XDG_STATE_HOME ",
        );
        let inside = directory(&env).join("project");
        std::fs::create_dir(&inside)?;
        let ran = env.paude(&[&plan[..], &["-C", &inside.display().to_string()]].concat());
        ran.code(125).says("this project is inside it, and containers can write there");
        Ok(())
    },
    fn what_was_changed_since_is_not_used() -> Outcome {
        let env = project();
        let (server, hash) = pull(&env, &component("one"));
        let name = format!("sha256:{hash}");
        let line = format!("{name}  as it was pulled\n");
        env.paude(&["policy", "verify"]).code(0).prints(&line);
        let by_reference = format!("oci:{}", reference(&server));
        env.paude(&["policy", "verify", &by_reference]).code(0).prints(&line);
        std::fs::write(directory(&env).join(format!("{hash}.wasm")), component("two"))?;
        let changed = format!("the pulled policy {name} was changed after it was pulled");
        let ran = env.paude(&["plan", "--policy", &name]).code(125);
        ran.says(&format!(
            "error: {changed}\nhint: paude policy remove {name}, and pull it again\n"
        ));
        let wanted = format!("{name}  {changed}\n");
        env.paude(&["policy", "verify"]).code(1).prints(&wanted);
        // Pulling it again corrects it as well.
        env.paude(&["policy", "pull", &reference(&server)]).code(0);
        env.paude(&["policy", "verify"]).code(0).prints(&line);
        Ok(())
    },
    fn what_was_pulled_is_listed_and_inspected() -> Outcome {
        let env = Env::new();
        let names = env.paude(&["policy", "list"]).code(0).stdout();
        assert_eq!(names.lines().count(), 3, "{names}");
        let (server, hash) = pull(&env, &component("one"));
        let reference = reference(&server);
        let listed = env.paude(&["policy", "list"]).code(0).stdout();
        let line = listed.strip_prefix(&names).unwrap();
        assert!(
            line.starts_with(&format!("sha256:{hash}  1 KiB  {reference}, pulled on 20")),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
        let name = format!("oci:{reference}");
        let said = env.paude(&["policy", "inspect", &name]).code(0).stdout();
        let manifest = sha256(&Artifact::of(&component("one")).manifest());
        for wanted in [
            format!("policy `{name}`: 1 KiB of 64 MiB, sha256 {hash}\n"),
            "exports paude:isolation/detection@0.1.0\n".to_owned(),
            "can run it: it detects, and the built-in policy plans\n".to_owned(),
            format!("\nfrom {reference}, pulled on 20"),
            format!(", as sha256:{manifest}\n"),
        ] {
            assert!(said.contains(&wanted), "{wanted:?}: {said}");
        }
        let document = |policy: &str| -> Value {
            let ran = env.paude(&["policy", "inspect", policy, "--format", "json"]).code(0);
            serde_json::from_str(&ran.stdout()).unwrap()
        };
        let mut found = document(&name);
        let pulled = found["origins"][0]["pulled"].take();
        assert!(pulled.as_u64() > Some(1_700_000_000), "{pulled}");
        let origin = json!({"reference": reference, "manifest": manifest, "pulled": null});
        let wanted = json!({
            "version": 1,
            "sha256": hash,
            "bytes": component("one").len(),
            "exports": ["paude:isolation/detection@0.1.0"],
            "imports": found["imports"],
            "runs": true,
            "plans": false,
            "origins": [origin],
        });
        assert_eq!(found, wanted);
        // A file of the same content came from there too; another one did not.
        std::fs::write(env.project.join("one.wasm"), component("one"))?;
        std::fs::write(env.project.join("two.wasm"), b"\0asm\x0d\0\x01\0")?;
        let said = env.paude(&["policy", "inspect", "one.wasm"]).code(0).stdout();
        assert!(said.contains(&format!("\nfrom {reference}, ")), "{said}");
        let said = env.paude(&["policy", "inspect", "two.wasm"]).code(0).stdout();
        assert!(
            said.ends_with("this paude cannot run it; `paude policy check` says why\n"),
            "{said}"
        );
        let found = document("two.wasm");
        assert_eq!([&found["runs"], &found["origins"]], [&json!(false), &json!([])]);
        assert_eq!(document("python")["plans"], true);
        env.paude(&["policy", "check", &name]).code(0);
        Ok(())
    },
    fn a_reference_stands_for_what_was_pulled_last() -> Outcome {
        let env = project();
        let parts = [Artifact::of(&component("one")), Artifact::of(&component("two"))];
        let [one, two] = [component("one"), component("two")].map(|bytes| sha256(&bytes));
        let mut pulls = 0;
        let server = Server::start(move |asked, stream| {
            parts[pulls / 2].answer(asked, stream);
            pulls += 1;
        });
        let name = format!("oci:{}", reference(&server));
        env.paude(&["policy", "pull", &reference(&server)]).code(0);
        env.paude(&["policy", "prune"]).code(0).prints("");
        env.paude(&["policy", "pull", &reference(&server)]).code(0);
        let said = env.paude(&["policy", "inspect", &name]).code(0).stdout();
        assert!(said.contains(&two), "{said}");
        let said = env.paude(&["policy", "list"]).code(0).stdout();
        assert!(
            said.contains(&format!("sha256:{one}  1 KiB  replaced by a later pull\n")),
            "{said}"
        );
        assert_eq!(hidden(&env, &["--policy", &format!("sha256:{one}")]), 0);
        env.paude(&["policy", "prune"]).code(0).prints(&format!("sha256:{one}\n"));
        env.paude(&["policy", "verify"])
            .code(0)
            .prints(&format!("sha256:{two}  as it was pulled\n"));
        Ok(())
    },
    fn what_is_removed_is_gone() -> Outcome {
        let env = project();
        for args in [&["policy", "prune"][..], &["policy", "verify"]] {
            env.paude(args).code(0).prints("");
        }
        let (server, hash) = pull(&env, &component("one"));
        let (_other, two) = pull(&env, &component("two"));
        let name = format!("oci:{}", reference(&server));
        let missing = format!("sha256:{}", sha256(b"other"));
        let ran = env.paude(&["policy", "remove", "policy.wasm"]).code(2);
        ran.says("`policy.wasm` is not the name of a pulled policy\nhint: oci:REFERENCE and ");
        env.paude(&["policy", "remove", &missing])
            .code(125)
            .says("was pulled\nhint: `paude policy list`");
        env.paude(&["policy", "verify", &missing])
            .code(125)
            .says("was pulled\nhint: `paude policy list`");
        env.paude(&["policy", "remove", &name]).code(0).prints("");
        env.paude(&["policy", "remove", &name])
            .code(125)
            .says(&format!("no policy `{name}` was pulled"));
        env.paude(&["plan", "--policy", &format!("sha256:{hash}")])
            .code(125)
            .says("was not pulled");
        env.paude(&["policy", "verify"])
            .code(0)
            .prints(&format!("sha256:{two}  as it was pulled\n"));
        // What a killed pull left goes with the rest, but not what is being written.
        let left = std::fs::File::create(directory(&env).join("old.part"))?;
        left.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(120))?;
        std::fs::write(directory(&env).join("new.part"), "")?;
        env.paude(&["policy", "prune"]).code(0).prints("");
        assert!(!directory(&env).join("old.part").exists());
        assert!(directory(&env).join("new.part").exists());
        Ok(())
    }
);
