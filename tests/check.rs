//! What is said of a policy that cannot be used, and `paude policy check`, which says all of it.

use libtest_mimic::Trial;

use crate::hostile::policy;
use crate::policies::{self, Policy};
use crate::support::{Env, Outcome};
use crate::trials;

/// All of them; the policies of the tree are ignored where they are not built.
pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        each_failure_says_what_was_found_and_what_to_do,
        every_fault_is_told_at_once,
        a_later_patch_of_the_interface_fits,
        what_ends_as_it_starts_is_found_too,
        the_built_in_policy_passes,
    ];
    for name in ["node_modules", "c", "javascript", "python"] {
        let policy = Policy::read(name);
        let ignored = policy.ignored();
        let test = move || {
            let mut env = Env::new();
            env.vars.push(policies::shared_cache());
            let ran = env.paude(&["policy", "check", policy.file()?]).code(0);
            assert!(ran.stdout().ends_with(CAN), "{}", ran.stdout());
            assert_eq!(ran.stderr(), "");
            Ok(())
        };
        trials.push(Trial::test(format!("check::{name}_passes"), test).with_ignored_flag(ignored));
    }
    trials
}

const CAN: &str = "
this paude speaks paude:isolation@0.1.0 and can run it: it detects, and the built-in policy plans
";

/// A component from its text.
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

fn each_failure_says_what_was_found_and_what_to_do() -> Outcome {
    let detection = |version: &str| format!("paude:isolation/detection@{version}");
    let made = |name: &str| std::fs::read(policy::make(&Env::new(), name)).unwrap();
    let cases: [(Vec<u8>, &str, &str); 15] = [
        (vec![], "cannot be used: it is empty", "a policy is a WebAssembly component; `paude"),
        (
            b"#!/bin/sh\necho\n".to_vec(),
            "cannot be used: it is not WebAssembly, but begins `#!/bin/sh\\necho\\n`",
            "a policy is a WebAssembly component; `paude policy new` makes one",
        ),
        (
            wat::parse_str("(module)")?,
            "cannot be used: it is a core module, not a component",
            "build it for wasm32-wasip2, or make a component of it with `wasm-tools",
        ),
        (
            b"\0asm\x0d\0\x01\0\x07".to_vec(),
            "cannot be used: it is not a valid component: ",
            "build it again, against the interface of this paude",
        ),
        (component(""), "cannot be used: it exports nothing", "a policy exports `paude:isolation"),
        (
            component(&exporting("wasi:cli/run@0.2.6", "run")),
            "cannot be used: it exports `wasi:cli/run@0.2.6` and no policy",
            "a policy exports `paude:isolation/detection@0.1.0`; `paude policy new`",
        ),
        (
            component(&exporting("paude:isolation/planning@0.2.0", "plan")),
            "cannot be used: it exports `paude:isolation/planning@0.2.0`, and this paude speaks",
            "build it against the interface of this paude, which `paude policy new` writes, or use \
             a paude that speaks its version; `paude policy check` shows another fault",
        ),
        (
            component(&exporting(&detection("0.2.0"), "detect")),
            "cannot be used: it exports `paude:isolation/detection@0.2.0`, and this paude speaks \
             paude:isolation@0.1.0",
            "build it against the interface of this paude",
        ),
        (
            component(&exporting(&detection("0.1.0"), "find")),
            "cannot be used: its `paude:isolation/detection@0.1.0` has no function `detect`",
            "build it again, against the interface of this paude",
        ),
        (
            component(&exporting(&detection("0.1.0"), "detect")),
            "cannot be used: its function `detect` has another type than in paude:isolation@0.1.0",
            "build it again, against the interface of this paude",
        ),
        (
            made("unknown-import"),
            "cannot be used: it imports `evil:host/run@1.0.0`, which no policy gets",
            "a policy may import wasi:cli, wasi:clocks, wasi:filesystem, wasi:io and wasi:random",
        ),
        (
            made("wild-pointer"),
            "crashed: pointer out of bounds of memory",
            "this is a fault of the policy's own, or of its kept machine code, which \
             --no-policy-cache makes anew; `--policy builtin` decides without it",
        ),
        (made("fifo"), "refused: a fifo is not opened", ""),
        (made("loop-detect"), "used more than 1 s of time", "--policy-timeout SECONDS gives it"),
        (
            made("memory"),
            "used more than 256 MiB of memory; nothing was started",
            "no setting gives it more; `--policy builtin` decides without it",
        ),
    ];
    let env = Env::with("fifo");
    std::fs::remove_file(env.project.join("fifo"))?;
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, env.project.join("fifo"), mode)?;
    for (bytes, words, hint) in cases {
        env.write("tried.wasm", "");
        std::fs::write(env.project.join("tried.wasm"), bytes)?;
        // Only one is to use up its time, on a machine that may be busy.
        let time = if words.ends_with("of time") { "1" } else { "60" };
        let args = ["plan", "--policy", "tried.wasm", "--policy-timeout", time];
        let said = env.paude(&args).code(125).prints("").stderr();
        assert!(said.starts_with(&format!("error: policy `tried.wasm` {words}")), "{said}");
        assert!(hint.is_empty() || said.contains(&format!("\nhint: {hint}")), "{said}");
    }
    Ok(())
}

fn every_fault_is_told_at_once() -> Outcome {
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
    assert!(said.contains("\nimports wasi:sockets/tcp@0.2.0: a call of it ends the policy\n"));
    assert!(said.contains("\nexports paude:isolation/planning@0.2.0\n"), "{said}");
    assert_eq!(
        ran.stderr(),
        "error: policy `tried.wasm` cannot be used; this paude speaks paude:isolation@0.1.0
  - it imports `evil:host/run@1.0.0`, which no policy gets
  - it imports `wasi:filesystem/types@0.3.0`, which no policy gets
  - its function `detect` has another type than in paude:isolation@0.1.0
  - it exports `paude:isolation/planning@0.2.0`, and this paude speaks paude:isolation@0.1.0
hint: a policy may import wasi:cli, wasi:clocks, wasi:filesystem, wasi:io and wasi:random, version 0.2
hint: build it again, against the interface of this paude, which `paude policy new` writes
hint: build it against the interface of this paude, which `paude policy new` writes, or use a paude that speaks its version
"
    );
    env.paude(&["plan", "--policy", "tried.wasm"]).code(125).says("shows 3 more faults\n");
    Ok(())
}

fn a_later_patch_of_the_interface_fits() -> Outcome {
    let env = Env::new();
    let file = policy::make(&env, "empty");
    let of = |version: &str| {
        let bytes = std::fs::read(&file).unwrap();
        let text = b"paude:isolation/detection@0.1.0";
        let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
        let mut later = bytes.clone();
        later[at + text.len() - 5..at + text.len()].copy_from_slice(version.as_bytes());
        std::fs::write(env.project.join("tried.wasm"), later).unwrap();
    };
    of("0.1.7");
    env.paude(&["policy", "check", "tried.wasm"]).code(0);
    env.paude(&["plan", "--policy", "tried.wasm"]).code(0);
    of("0.2.0");
    env.paude(&["policy", "check", "tried.wasm"]).code(125);
    Ok(())
}

fn what_ends_as_it_starts_is_found_too() -> Outcome {
    let env = Env::new();
    let file = policy::make(&env, "loop-start");
    let file = file.to_str().unwrap();
    let ran = env.paude(&["policy", "check", file]).code(125);
    ran.says(&format!("error: policy `{file}` used more than 2 s of time"));
    env.paude(&["policy", "check", "nowhere"]).code(125).says("`nowhere`: no such file");
    Ok(())
}

fn the_built_in_policy_passes() -> Outcome {
    let ran = Env::new().paude(&["policy", "check", "builtin"]).code(0);
    let said = ran.stdout();
    assert!(
        said.starts_with("the built-in policy: ") && said.ends_with("plans as well\n"),
        "{said}"
    );
    Ok(())
}
