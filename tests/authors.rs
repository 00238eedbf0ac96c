//! For those who write policies: the commands, and `guest/README.md`. Its example is the
//! one in `tests/policies/minimal`, and who follows it word for word gets there.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::support::{Env, Outcome, paude, setup, tree};
use crate::trials;

const README: &str = include_str!("../guest/README.md");

/// All of them; what builds the example is ignored where nothing is prepared.
pub fn trials() -> Vec<Trial> {
    let ignored = setup().is_null() && std::env::var_os("CI").is_none();
    let mut trials = trials![
        run_shows_the_answer_before_it_is_checked,
        run_says_what_was_asked_where_there_is_no_answer,
        export_overwrites_nothing,
        the_example_is_the_one_in_the_readme,
    ];
    let build = trials![the_readme_works_word_for_word];
    trials.extend(build.into_iter().map(|trial| trial.with_ignored_flag(ignored)));
    trials
}

fn run_shows_the_answer_before_it_is_checked() -> Outcome {
    let env = Env::with(
        r#"
        .venv/pyvenv.cfg: "home = /usr/bin\nversion = 3.11.2\n"
        venv -> envs/py
        envs/py/pyvenv.cfg
        env -> /nowhere/at/all
        .env -> gone
    "#,
    );
    let ran = env.paude(&["policy", "run"]).code(0).prints(
        ".venv: venv, Python 3.11.2, made from /usr/bin (pyvenv.cfg)\n\
         env -> out of the project: unseen (link out of the project)\n\
         venv -> envs/py: venv (pyvenv.cfg)\n\
         warning: `.env`: is a dangling link\n",
    );
    let used = ran.stderr();
    assert!(used.starts_with("took ") && used.ends_with(" KiB of 256 MiB of memory\n"), "{used}");
    env.paude(&["policy", "run", "builtin", "--venv", "none", "-C", "envs"]).code(0).prints(
        "nothing was found\n\
         warning: `py`: an environment (pyvenv.cfg) under a name of its own is not hidden; list \
         it to hide it\n",
    );
    env.paude(&["policy", "run", "builtin", "--policy", "x"]).code(2);
    Ok(())
}

fn run_says_what_was_asked_where_there_is_no_answer() -> Outcome {
    let env = Env::with("file");
    let args = ["policy", "run", "--format", "json", "--venv", "file", "--size", "2g"];
    let ran = env.paude(&args).code(125).says("error: the built-in policy refused: ");
    let said: serde_json::Value = serde_json::from_str(&ran.stdout())?;
    let question = serde_json::json!({
        "layout": { "backing": "tmpfs", "size": 2u64 << 30, "workspace": env.project },
        "query": { "depth": 3, "root": "/workspace", "selection": { "listed": ["file"] } },
    });
    assert_eq!(said["question"], question);
    assert_eq!(ran.stderr(), format!("error: {}\n", said["error"].as_str().ok_or("no error")?));
    Ok(())
}

fn export_overwrites_nothing() -> Outcome {
    let env = Env::with("there");
    env.paude(&["policy", "export", "there"]).code(2).says("hint: nothing is overwritten");
    assert_eq!(std::fs::read(env.project.join("there"))?, b"");
    env.paude(&["policy", "export", "no/such/place"]).code(125).says("cannot write");
    env.paude(&["policy", "export", "new"]).code(0).prints("");
    assert!(std::fs::read(env.project.join("new"))?.starts_with(b"\0asm"));
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The blocks of the README: the words behind the fence, and the text.
fn blocks() -> Vec<(Vec<&'static str>, &'static str)> {
    let parts: Vec<&str> = README.split("```").collect();
    let fenced = parts.into_iter().skip(1).step_by(2);
    fenced
        .map(|block| {
            let (words, text) = block.split_once('\n').expect("a block has lines");
            (words.split(' ').collect(), text)
        })
        .collect()
}

fn the_example_is_the_one_in_the_readme() -> Outcome {
    let files: Vec<_> = blocks().into_iter().filter(|(words, _)| words[0] != "console").collect();
    assert_eq!(files.len(), 2);
    for (words, text) in files {
        let file = root().join("tests/policies/minimal").join(words[1]);
        assert_eq!(std::fs::read_to_string(&file)?, text, "{}", file.display());
    }
    Ok(())
}

fn the_readme_works_word_for_word() -> Outcome {
    let env = Env::new();
    let mut place = env.project.clone();
    for (words, text) in blocks() {
        match words[..] {
            ["console", "test"] => place = follow(&env, &place, text),
            ["console"] => {}
            [_, file] => tree::write(&place.join(file), text),
            _ => panic!("what is a block of {words:?}?"),
        }
    }
    Ok(())
}

/// Types the lines of a block that begin with `$`, and looks for the others in what is
/// printed; numbers may differ. Returns where it ended.
fn follow(env: &Env, place: &Path, block: &str) -> PathBuf {
    let (typed, shown): (Vec<_>, Vec<_>) = block.lines().partition(|line| line.starts_with("$ "));
    let script: Vec<_> = typed.iter().map(|line| &line[2..]).collect();
    let script = format!("exec 2>&1\n{}\npwd", script.join("\n"));
    let mut command = env.command("sh");
    command.args(["-ec", &script]).current_dir(place).env("PAUDE", root());
    let own = |name: &str| std::env::var_os(name);
    let home = |name: &str| own("HOME").map(|home| Path::new(&home).join(name).into_os_string());
    for (name, default) in [
        ("CARGO_HOME", home(".cargo")),
        ("RUSTUP_HOME", home(".rustup")),
        ("RUSTUP_TOOLCHAIN", None),
    ] {
        command.envs(own(name).or(default).map(|value| (name, value)));
    }
    let mut path = paude().parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(own("PATH").unwrap_or_default());
    command.env("PATH", path);
    // All that it needs, paude needs too. What was built last time is found again.
    command.env("CARGO_NET_OFFLINE", "true");
    command.env("CARGO_BUILD_BUILD_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/readme"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{block}\n--- printed\n{text}");
    let mut lines = text.lines();
    for line in shown {
        let there = lines.any(|printed| without_numbers(printed) == without_numbers(line));
        assert!(there, "{line:?} is not printed, or not in this order:\n{text}");
    }
    PathBuf::from(text.lines().last().unwrap())
}

fn without_numbers(line: &str) -> String {
    line.chars().filter(|c| !c.is_ascii_digit()).collect()
}
