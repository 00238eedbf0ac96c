//! A policy ends within its limits, in one error that names it and the limit.

use std::time::Duration;

use libtest_mimic::Trial;

use super::{judge, policy};
use crate::support::{Outcome, Ran, paude};
use crate::trials;

/// All of them.
pub fn trials() -> Vec<Trial> {
    trials![
        a_policy_runs_under_a_limit_on_addresses,
        time_is_two_seconds_by_default_and_starts_nothing,
        time_ends_code_wherever_it_runs,
        time_ends_calls_of_the_host_that_wait,
        the_person_sets_the_time,
        memory_is_bounded_in_all,
        tables_stack_instances_and_files_are_bounded,
        what_nothing_counts_is_bounded_too,
        what_a_component_costs_to_read_is_bounded,
        an_answer_is_bounded,
        what_is_said_of_a_policy_is_short,
        a_file_is_bounded_and_must_be_one,
    ]
}

const TIME: Duration = Duration::from_secs(2);

const COMPILE_TIME: Duration = Duration::from_secs(60);

/// The policy goes past this limit when it runs.
#[track_caller]
fn exceeds(name: &str, limit: &str) {
    refused(name, limit, TIME);
}

/// The policy is refused with these words in this time.
#[track_caller]
fn refused(name: &str, words: &str, time: Duration) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let file = file.to_str().unwrap();
    let words = format!("policy `{file}` {words}; nothing was started\n");
    // Its own time is not what is measured here, and the machine may be busy.
    let args = ["plan", "--policy", file, "--policy-timeout", "60"];
    judge::refused(&env, &args, time, 125, &words);
}

/// The policy goes past a time of one second.
#[track_caller]
fn takes_too_long(name: &str) {
    let env = judge::project();
    let file = policy::make(&env, name);
    let file = file.to_str().unwrap();
    let args = ["plan", "--policy", file, "--policy-timeout", "1"];
    let words = format!("policy `{file}` used more than 1 s of time; nothing was started\n");
    judge::refused(&env, &args, Duration::from_secs(1), 125, &words)
        .says("hint: --policy-timeout SECONDS gives it more");
}

/// As batch systems set one: a gigabyte. Less is the machine's fault and not the policy's.
fn a_policy_runs_under_a_limit_on_addresses() -> Outcome {
    let env = judge::project();
    let file = policy::make(&env, "empty");
    let limited = |kib: u32| {
        let mut command = env.command("sh");
        let script = format!("ulimit -v {kib}; exec \"$0\" plan --policy \"$1\"");
        Ran(command.args(["-c", &script]).arg(paude()).arg(&file).output().unwrap())
    };
    limited(1 << 20).code(0);
    let said = limited(100_000).code(125).stderr();
    assert!(said.contains("cannot be run: ") && !said.contains("policy's own"), "{said}");
    Ok(())
}

fn time_is_two_seconds_by_default_and_starts_nothing() -> Outcome {
    let env = judge::project();
    let file = policy::make(&env, "loop-detect");
    let file = file.to_str().unwrap();
    let args = ["run", "--engine", "native", "--policy", file, "--", "touch", "started"];
    let words = format!("policy `{file}` used more than 2 s of time; nothing was started\n");
    judge::refused(&env, &args, TIME, 125, &words);
    assert!(!env.project.join("started").exists());
    Ok(())
}

fn time_ends_code_wherever_it_runs() -> Outcome {
    ["loop-start", "loop-realloc", "loop-post-return"].into_iter().for_each(takes_too_long);
    Ok(())
}

fn time_ends_calls_of_the_host_that_wait() -> Outcome {
    takes_too_long("sleep");
    Ok(())
}

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
}

fn memory_is_bounded_in_all() -> Outcome {
    for name in ["memory", "memories", "memory-declared"] {
        exceeds(name, "used more than 256 MiB of memory");
    }
    Ok(())
}

fn tables_stack_instances_and_files_are_bounded() -> Outcome {
    exceeds("table", "used tables of more than 100000 elements");
    exceeds("tables", "used tables of more than 100000 elements");
    exceeds("recursion", "used more than 512 KiB of stack");
    exceeds("instances", "has more than 64 core instances, memories or tables");
    for name in ["open-files", "preopens"] {
        exceeds(name, "held more than 256 files, directories and streams open");
    }
    Ok(())
}

fn what_nothing_counts_is_bounded_too() -> Outcome {
    exceeds("handles", "crashed: cannot allocate another handle: store handle limit exceeded");
    exceeds("random-bytes", "crashed: requested len 1000000000 exceeds limit 65536");
    Ok(())
}

fn what_a_component_costs_to_read_is_bounded() -> Outcome {
    let costs = "made paude itself use more than 350 MiB of memory";
    refused("doubling", costs, COMPILE_TIME);
    // A type of a type of a type: three bytes each, and each a call of the reader.
    let env = judge::project();
    let file = env.root().join("nested.wasm");
    for depth in [20_000, 1_000_000, 20_000_000] {
        let types = [b"\x01".as_slice(), &b"\x41\x01\x01".repeat(depth), b"\x41\x00"].concat();
        let size = [0, 7, 14, 21, 28].map(|shift| (types.len() >> shift) as u8 | 0x80);
        let size = [&size[..4], &[size[4] & 0x7f]].concat();
        std::fs::write(&file, [b"\0asm\x0d\0\x01\0\x07".as_slice(), &size, &types].concat())?;
        let file = file.to_str().unwrap();
        let words = match depth {
            20_000 => format!("policy `{file}` cannot be used: it exports nothing\n"),
            _ => format!("policy `{file}` {costs}; nothing was started\n"),
        };
        judge::refused(&env, &["plan", "--policy", file], COMPILE_TIME, 125, &words);
    }
    Ok(())
}

fn an_answer_is_bounded() -> Outcome {
    for name in ["notes-10-million", "text-64-mib", "text-shared"] {
        exceeds(name, "handed over more than 8 MiB in one call");
    }
    exceeds("wild-pointer", "crashed: pointer out of bounds of memory");
    Ok(())
}

fn what_is_said_of_a_policy_is_short() -> Outcome {
    let env = judge::project();
    let file = policy::make(&env, "refusal-4-mib");
    let file = file.to_str().unwrap();
    let words = format!("policy `{file}` refused: \\u{{1b}}\\u{{1b}}");
    let ran = judge::refused(&env, &["plan", "--policy", file], TIME, 125, &words);
    assert!(!ran.stderr().contains('\u{1b}'));
    Ok(())
}

fn a_file_is_bounded_and_must_be_one() -> Outcome {
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
