//! A policy ends within its limits, in one error that names the policy and the limit.

use std::path::Path;
use std::time::Duration;

use super::{judge, policy};
use crate::support::{Env, Ran, paude};
use crate::trials;

const TIME: Duration = Duration::from_secs(2);

const COMPILE_TIME: Duration = Duration::from_secs(60);

/// Fails unless the policy is refused for this limit.
#[track_caller]
fn exceeds(name: &str, limit: &str) {
    refused(name, limit, TIME);
}

/// Fails unless the policy is refused with this text in this time.
#[track_caller]
fn refused(name: &str, words: &str, time: Duration) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let file = file.to_str().unwrap();
    let words = format!("policy `{file}` {words}; nothing was started\n");
    // With a long time limit: another one is tested here, and the machine may be busy.
    let args = ["plan", "--policy", file, "--policy-timeout", "60"];
    judge::refused(&env, &args, time, 125, &words);
}

/// Fails unless the policy is refused for its time.
#[track_caller]
fn takes_too_long(name: &str) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let file = file.to_str().unwrap();
    let args = ["plan", "--policy", file, "--policy-timeout", "1"];
    let words = format!("policy `{file}` used more than 1 s of time; nothing was started\n");
    judge::refused(&env, &args, Duration::from_secs(1), 125, &words)
        .says("hint: --policy-timeout SECONDS raises the limit");
}

/// `paude plan` with a policy, under a limit on address space.
fn under_address_space(env: &Env, kib: u32, policy: &Path) -> Ran {
    let mut command = env.command("sh");
    let script = format!("ulimit -v {kib}; exec \"$0\" plan --policy \"$1\"");
    Ran(command.args(["-c", &script]).arg(paude()).arg(policy).output().unwrap())
}

/// A component of types that are nested so deep: three bytes each, and each a recursive call of
/// the reader.
fn nested_types(depth: usize) -> Vec<u8> {
    let types = [b"\x01".as_slice(), &b"\x41\x01\x01".repeat(depth), b"\x41\x00"].concat();
    let size = [0, 7, 14, 21, 28].map(|shift| (types.len() >> shift) as u8 | 0x80);
    let size = [&size[..4], &[size[4] & 0x7f]].concat();
    [b"\0asm\x0d\0\x01\0\x07".as_slice(), &size, &types].concat()
}

trials!(
    /// A gigabyte, as batch systems limit it. With less, the error does not blame the policy.
    fn a_policy_runs_under_a_limit_on_address_space() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "empty");
        under_address_space(&env, 1 << 20, &file).code(0);
        let said = under_address_space(&env, 100_000, &file).code(125).stderr();
        assert!(said.contains("cannot be run: ") && !said.contains("bug in the policy"), "{said}");
        Ok(())
    },
    fn time_is_two_seconds_by_default_and_nothing_is_started_after_it() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "loop-detect");
        let file = file.to_str().unwrap();
        let args = ["run", "--engine", "native", "--policy", file, "--", "touch", "started"];
        let words = format!("policy `{file}` used more than 2 s of time; nothing was started\n");
        judge::refused(&env, &args, TIME, 125, &words);
        assert!(!env.project.join("started").exists());
        Ok(())
    },
    fn time_ends_code_wherever_it_runs() -> Outcome {
        ["loop-start", "loop-realloc", "loop-post-return"].into_iter().for_each(takes_too_long);
        Ok(())
    },
    fn time_ends_host_calls_that_wait() -> Outcome {
        takes_too_long("sleep");
        Ok(())
    },
    fn the_person_sets_the_time() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "loop-detect");
        let file = file.to_str().unwrap();
        let settings = env.home().join(".config/paude/config.json");
        crate::support::tree::write(&settings, r#"{"policy_timeout": 1}"#);
        let words = |seconds| format!("policy `{file}` used more than {seconds} s of time");
        let args = ["plan", "--policy", file];
        judge::refused(&env, &args, Duration::from_secs(1), 125, &words(1));
        let args = ["plan", "--policy", file, "--policy-timeout", "3"];
        judge::refused(&env, &args, Duration::from_secs(3), 125, &words(3));
        for wrong in ["0", "-1", "3601", "1.5", "for ever"] {
            env.paude(&["plan", &format!("--policy-timeout={wrong}")]).code(2).says("3600 seconds");
        }
        Ok(())
    },
    fn memory_is_bounded_in_all() -> Outcome {
        for name in ["memory", "memories", "memory-declared"] {
            exceeds(name, "used more than 256 MiB of memory");
        }
        Ok(())
    },
    fn tables_stack_instances_and_files_are_bounded() -> Outcome {
        exceeds("table", "used tables of more than 100000 elements");
        exceeds("tables", "used tables of more than 100000 elements");
        exceeds("recursion", "used more than 512 KiB of stack");
        exceeds("instances", "has more than 64 core instances, memories or tables");
        for name in ["open-files", "preopens"] {
            exceeds(name, "held more than 256 files, directories and streams open");
        }
        Ok(())
    },
    fn handles_and_random_bytes_are_bounded() -> Outcome {
        exceeds("handles", "crashed: cannot allocate another handle: store handle limit exceeded");
        exceeds("random-bytes", "crashed: requested len 1000000000 exceeds limit 65536");
        Ok(())
    },
    fn the_cost_of_reading_a_component_is_bounded() -> Outcome {
        let costs = "made paude itself use more than 350 MiB of memory";
        refused("doubling", costs, COMPILE_TIME);
        let env = judge::project();
        let file = env.root().join("nested.wasm");
        for depth in [20_000, 1_000_000, 20_000_000] {
            std::fs::write(&file, nested_types(depth))?;
            let file = file.to_str().unwrap();
            let words = match depth {
                20_000 => format!("policy `{file}` cannot be used: it exports nothing\n"),
                _ => format!("policy `{file}` {costs}; nothing was started\n"),
            };
            judge::refused(&env, &["plan", "--policy", file], COMPILE_TIME, 125, &words);
        }
        Ok(())
    },
    /// The less address space there is, the earlier it ends: at its end paude would abort.
    fn the_cost_of_reading_a_component_fits_the_address_space() -> Outcome {
        let env = judge::project();
        let file = env.root().join("nested.wasm");
        std::fs::write(&file, nested_types(300_000))?;
        for mib in [200, 300, 512, 1024] {
            let ran = under_address_space(&env, mib << 10, &file).code(125).prints("");
            let said = ran.stderr();
            assert!(
                said.starts_with("error: policy `") && said.contains("MiB of memory"),
                "{said}"
            );
            assert_eq!(said.lines().count(), 2, "{mib} MiB: {said}");
        }
        Ok(())
    },
    fn a_result_is_bounded_in_size() -> Outcome {
        for name in ["notes-10-million", "text-64-mib", "text-shared"] {
            exceeds(name, "passed more than 8 MiB to the host in one call");
        }
        exceeds("wild-pointer", "crashed: pointer out of bounds of memory");
        Ok(())
    },
    fn the_message_of_a_refusal_is_shortened() -> Outcome {
        let env = judge::project();
        let file = policy::make(&env, "refusal-4-mib");
        let file = file.to_str().unwrap();
        let words = format!("policy `{file}` refused: \\u{{1b}}\\u{{1b}}");
        let ran = judge::refused(&env, &["plan", "--policy", file], TIME, 125, &words);
        assert!(!ran.stderr().contains('\u{1b}'));
        Ok(())
    },
    fn a_policy_file_is_bounded_in_size_and_must_be_a_regular_file() -> Outcome {
        let env = judge::project();
        let huge = env.root().join("huge.wasm");
        std::fs::File::create(&huge)?.set_len((64 << 20) + 1)?;
        let cases = [
            (huge, "is larger than 64 MiB"),
            (env.project.join("fifo"), "is not a regular file"),
            (env.project.join("dir"), "is not a regular file"),
            ("/dev/zero".into(), "is not a regular file"),
            (env.project.join("nothing"), "no such file"),
        ];
        for (path, words) in cases {
            let path = path.to_str().unwrap();
            let words = format!("cannot read policy `{path}`: {words}\n");
            judge::refused(&env, &["plan", "--policy", path], Duration::ZERO, 125, &words);
        }
        Ok(())
    }
);
