//! What is reported about a policy that cannot be used: the first fault when it is run, every
//! fault by `paude policy check`.

use libtest_mimic::Trial;

use super::languages::{self, Policy};
use crate::hostile::policy;
use crate::support::Env;
use crate::trials;

/// The tests of this module; those of policies in `tests/policies` are ignored where these are not
/// built.
pub fn trials() -> Vec<Trial> {
    let mut trials = of_files();
    for name in ["node_modules", "c", "javascript", "python"] {
        let policy = Policy::read(name);
        let ignored = policy.ignored();
        let test = move || {
            let mut env = Env::new();
            env.vars.push(languages::shared_cache());
            let ran = env.paude(&["policy", "check", policy.file()?]).code(0);
            assert!(ran.stdout().ends_with(USABLE), "{}", ran.stdout());
            assert_eq!(ran.stderr(), "");
            Ok(())
        };
        trials.push(
            Trial::test(format!("policy::check::{name}_passes"), test).with_ignored_flag(ignored),
        );
    }
    trials
}

/// The last line about a policy that detects and does not plan.
const USABLE: &str = "
this paude supports paude:isolation@0.1.0 and can run it: it detects, and the built-in policy plans
";

/// A component from its text format.
fn component(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(component {text})")).unwrap()
}

/// An instance of this interface, with a function without parameters.
fn exporting(interface: &str, function: &str) -> String {
    format!(
        r#"(core module $m (func (export "f")))
           (core instance $i (instantiate $m))
           (func $f (canon lift (core func $i "f")))
           (instance $e (export "{function}" (func $f)))
           (export "{interface}" (instance $e))"#
    )
}

/// A policy, with how the error about it begins and one of its hints.
struct Failure {
    policy: Vec<u8>,
    error: &'static str,
    hint: &'static str,
}

/// Files that are no policies, or not for this version of paude.
fn no_policies() -> Vec<Failure> {
    const DETECTION: &str = "paude:isolation/detection@0.1.0";
    let failure = |policy, error, hint| Failure { policy, error, hint };
    let exports = |interface, function| component(&exporting(interface, function));
    vec![
        failure(
            vec![],
            "cannot be used: it is empty",
            "a policy is a WebAssembly component; `paude policy new` creates one",
        ),
        failure(
            b"#!/bin/sh\necho\n".to_vec(),
            "cannot be used: it is not WebAssembly: it begins with `#!/bin/sh\\necho\\n`",
            "a policy is a WebAssembly component; `paude policy new` creates one",
        ),
        failure(
            wat::parse_str("(module)").unwrap(),
            "cannot be used: it is a core module, not a component",
            "build it for wasm32-wasip2, or convert it with `wasm-tools component new`",
        ),
        failure(
            b"\0asm\x0d\0\x01\0\x07".to_vec(),
            "cannot be used: it is not a valid component: ",
            "rebuild it against the interface of this paude",
        ),
        failure(
            component(""),
            "cannot be used: it exports nothing",
            "a policy exports `paude:isolation",
        ),
        failure(
            exports("wasi:cli/run@0.2.6", "run"),
            "cannot be used: it exports `wasi:cli/run@0.2.6` and no policy interface",
            "a policy exports `paude:isolation/detection@0.1.0`; `paude policy new`",
        ),
        failure(
            exports("paude:isolation/planning@0.2.0", "plan"),
            "cannot be used: it exports `paude:isolation/planning@0.2.0`, but this paude supports",
            "build it against the interface of this paude, which `paude policy new` writes, or \
             use a paude that supports its version; `paude policy check` shows another fault",
        ),
        failure(
            exports("paude:isolation/detection@0.2.0", "detect"),
            "cannot be used: it exports `paude:isolation/detection@0.2.0`, but this paude \
             supports paude:isolation@0.1.0",
            "build it against the interface of this paude",
        ),
        failure(
            exports(DETECTION, "find"),
            "cannot be used: its `paude:isolation/detection@0.1.0` has no function `detect`",
            "rebuild it against the interface of this paude",
        ),
        failure(
            exports(DETECTION, "detect"),
            "cannot be used: its function `detect` has a different type than in \
             paude:isolation@0.1.0",
            "rebuild it against the interface of this paude",
        ),
    ]
}

/// Policies that fail when they are started or run.
fn failing_policies() -> Vec<Failure> {
    let hostile = |name: &str| std::fs::read(policy::make(&Env::new(), name)).unwrap();
    let failure = |name, error, hint| Failure { policy: hostile(name), error, hint };
    vec![
        failure(
            "unknown-import",
            "cannot be used: it imports `evil:host/run@1.0.0`, which is not available to policies",
            "a policy may import wasi:cli, wasi:clocks, wasi:filesystem, wasi:io and wasi:random",
        ),
        failure(
            "wild-pointer",
            "crashed: pointer out of bounds of memory",
            "this is a bug in the policy, or in its cached machine code, which \
             --no-policy-cache recompiles; `--policy builtin` works without it",
        ),
        failure("fifo", "refused: a fifo is not opened", ""),
        failure(
            "loop-detect",
            "used more than 1 s of time",
            "--policy-timeout SECONDS raises the limit",
        ),
        failure(
            "memory",
            "used more than 256 MiB of memory; nothing was started",
            "no setting raises the limit; `--policy builtin` works without it",
        ),
    ]
}

trials!(
    of_files,
    fn each_failure_is_reported_with_its_cause_and_a_hint() -> Outcome {
        let env = Env::new();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, env.project.join("fifo"), mode)?;
        for Failure { policy, error, hint } in no_policies().into_iter().chain(failing_policies()) {
            std::fs::write(env.project.join("tried.wasm"), policy)?;
            // Only the case about time may run out of it, on a machine that may be busy.
            let time = if error.ends_with("of time") { "1" } else { "60" };
            let args = ["plan", "--policy", "tried.wasm", "--policy-timeout", time];
            let stderr = env.paude(&args).code(125).prints("").stderr();
            assert!(stderr.starts_with(&format!("error: policy `tried.wasm` {error}")), "{stderr}");
            assert!(hint.is_empty() || stderr.contains(&format!("\nhint: {hint}")), "{stderr}");
        }
        Ok(())
    },
    fn every_fault_is_reported_at_once() -> Outcome {
        let env = Env::new();
        let text = format!(
            r#"(import "evil:host/run@1.0.0" (instance (export "run" (func))))
           (import "wasi:filesystem/types@0.3.0" (instance (export "open" (func))))
           (import "wasi:sockets/tcp@0.2.0" (instance (export "connect" (func))))
           (import "only:types/here@1.0.0" (instance (type string) (export "text" (type (eq 0)))))
           {}
           (export "paude:isolation/planning@0.2.0" (instance $e))"#,
            exporting("paude:isolation/detection@0.1.0", "detect"),
        );
        std::fs::write(env.project.join("tried.wasm"), component(&text))?;
        let ran = env.paude(&["policy", "check", "tried.wasm"]).code(125);
        let said = ran.stdout();
        assert!(said.starts_with("policy `tried.wasm`: 1 KiB of 64 MiB, sha256 "), "{said}");
        assert!(said.contains("\nimports wasi:sockets/tcp@0.2.0: calling it ends the policy\n"));
        assert!(said.contains("\nexports paude:isolation/planning@0.2.0\n"), "{said}");
        let wanted = "error: policy `tried.wasm` cannot be used; this paude supports \
paude:isolation@0.1.0
  - it imports `evil:host/run@1.0.0`, which is not available to policies
  - it imports `wasi:filesystem/types@0.3.0`, which is not available to policies
  - its function `detect` has a different type than in paude:isolation@0.1.0
  - it exports `paude:isolation/planning@0.2.0`, but this paude supports paude:isolation@0.1.0
hint: a policy may import wasi:cli, wasi:clocks, wasi:filesystem, wasi:io and wasi:random, \
version 0.2
hint: rebuild it against the interface of this paude, which `paude policy new` writes
hint: build it against the interface of this paude, which `paude policy new` writes, or use a \
paude that supports its version
";
        assert_eq!(ran.stderr(), wanted);
        env.paude(&["plan", "--policy", "tried.wasm"]).code(125).says("shows 3 more faults\n");
        Ok(())
    },
    fn a_later_patch_version_of_the_interface_is_accepted() -> Outcome {
        let env = Env::new();
        let file = policy::make(&env, "empty");
        let write = |version: &str| {
            let bytes = std::fs::read(&file).unwrap();
            let text = b"paude:isolation/detection@0.1.0";
            let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
            let mut later = bytes.clone();
            later[at + text.len() - 5..at + text.len()].copy_from_slice(version.as_bytes());
            std::fs::write(env.project.join("tried.wasm"), later).unwrap();
        };
        write("0.1.7");
        env.paude(&["policy", "check", "tried.wasm"]).code(0);
        env.paude(&["plan", "--policy", "tried.wasm"]).code(0);
        write("0.2.0");
        env.paude(&["policy", "check", "tried.wasm"]).code(125);
        Ok(())
    },
    fn a_failure_at_the_start_is_reported_too() -> Outcome {
        let env = Env::new();
        let file = policy::make(&env, "loop-start");
        let file = file.to_str().unwrap();
        let ran = env.paude(&["policy", "check", file]).code(125);
        ran.says(&format!("error: policy `{file}` used more than 2 s of time"));
        env.paude(&["policy", "check", "nowhere"]).code(125).says("`nowhere`: no such file");
        Ok(())
    },
    fn the_built_in_policy_passes() -> Outcome {
        let ran = Env::new().paude(&["policy", "check", "builtin"]).code(0);
        let said = ran.stdout();
        assert!(
            said.starts_with("the built-in policy: ") && said.ends_with("it detects and plans\n"),
            "{said}"
        );
        Ok(())
    }
);
