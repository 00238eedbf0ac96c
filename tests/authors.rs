//! For those who write policies: the commands, and `guest/README.md`. Its example is the
//! one in `tests/policies/minimal`, and who follows it word for word gets there.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use crate::hostile::policy;
use crate::policies;
use crate::support::{Env, Outcome, Ran, paude, setup, tree};
use crate::trials;

const README: &str = include_str!("../guest/README.md");

/// All of them; what builds the example is ignored where nothing is prepared.
pub fn trials() -> Vec<Trial> {
    let ignored = setup().is_null() && std::env::var_os("CI").is_none();
    let mut trials = trials![
        run_shows_the_answer_before_it_is_checked,
        run_says_what_was_asked_where_there_is_no_answer,
        run_fails_where_its_answer_cannot_be_written,
        export_overwrites_nothing,
        compare_shows_what_only_one_of_them_hides,
        new_overwrites_nothing,
        what_cannot_be_written_whole_is_not_left,
        new_writes_the_interface_of_this_paude,
        the_example_is_the_one_in_the_readme,
    ];
    let build = trials![the_readme_works_word_for_word];
    trials.extend(build.into_iter().map(|trial| trial.with_ignored_flag(ignored)));
    let tool = |name: &str| !setup()["tools"][name].is_null() || std::env::var_os("CI").is_some();
    let [python, javascript]: [Trial; 2] =
        trials![the_template_in_python_works, the_template_in_javascript_works]
            .try_into()
            .expect("two");
    trials.push(python.with_ignored_flag(!tool("componentize_py")));
    trials.push(javascript.with_ignored_flag(!tool("jco")));
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

fn run_fails_where_its_answer_cannot_be_written() -> Outcome {
    let env = Env::new();
    for format in ["text", "json"] {
        let full = std::fs::File::options().write(true).open("/dev/full")?;
        let mut command = env.command(paude());
        command.args(["policy", "run", "--venv", ".venv", "--format", format]).stdout(full);
        Ran(command.output()?).code(125).says("error: cannot write to stdout: No space left");
    }
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

fn compare_shows_what_only_one_of_them_hides() -> Outcome {
    let env = Env::with(".venv/pyvenv.cfg\nvenv/pyvenv.cfg: \"version = 3.11.2\\n\"\nother/");
    let detector = "(core module $main
        (import \"heap\" \"memory\" (memory 1))
        (data (i32.const 1024) \".venvother\")
        (func (export \"detect\") (param i32 i32 i32 i32 i32 i32) (result i32)
            (i32.store (i32.const 4) (i32.const 2048))
            (i32.store (i32.const 8) (i32.const 2))
            (i32.store (i32.const 2048) (i32.const 1024))
            (i32.store (i32.const 2052) (i32.const 5))
            (i32.store (i32.const 2116) (i32.const 1029))
            (i32.store (i32.const 2120) (i32.const 5))
            i32.const 0))";
    std::fs::write(env.project.join("own.wasm"), policy::component(detector))?;
    env.paude(&["policy", "compare", "own.wasm"]).code(0).prints(
        "only policy `own.wasm` hides\n  other: venv ()\n\
         only the built-in policy hides\n  venv: venv, Python 3.11.2 (pyvenv.cfg)\n\
         both hide 1 directory\n",
    );
    env.paude(&["policy", "compare", "builtin"]).code(0).prints("both hide 2 directories\n");
    env.paude(&["policy", "compare", "nowhere.wasm"]).code(125).says("no such file");
    Ok(())
}

fn new_overwrites_nothing() -> Outcome {
    let env = Env::with("there/file\nfile\nempty/");
    for place in ["there", "file"] {
        let ran = env.paude(&["policy", "new", place, "--lang", "rust"]).code(2).prints("");
        ran.says("error: cannot make `").says("hint: nothing is overwritten");
    }
    assert_eq!(std::fs::read_dir(env.project.join("there"))?.count(), 1);
    env.paude(&["policy", "new", "no/such/place", "--lang", "js"]).code(125).says("cannot make");
    env.paude(&["policy", "new", "other", "--lang", "cobol"]).code(2);
    for place in ["empty", "fresh"] {
        let said = env.paude(&["policy", "new", place, "--lang", "python"]).code(0).stdout();
        assert!(said.starts_with(&format!("`{place}` holds a policy, its test, ")), "{said}");
        assert!(env.project.join(place).join("test_rules.py").exists());
    }
    Ok(())
}

fn what_cannot_be_written_whole_is_not_left() -> Outcome {
    let env = Env::with("empty/");
    // No file may be longer than this many blocks, as if the disk were full.
    let limited = |args: &str| {
        let mut command = env.command("/bin/sh");
        let script = format!("trap '' XFSZ; ulimit -f 4; exec \"$0\" policy {args}");
        command.args(["-c", &script]).arg(paude());
        Ran(command.output().unwrap()).code(125).says(": File too large");
    };
    for args in ["export new", "new fresh --lang rust", "new empty --lang python"] {
        limited(args);
        let left = std::fs::read_dir(env.project.join("empty"))?.count();
        assert_eq!(left, 0, "{args}");
        assert!(!env.project.join("new").exists() && !env.project.join("fresh").exists());
    }
    env.paude(&["policy", "new", "fresh", "--lang", "rust"]).code(0);
    Ok(())
}

fn new_writes_the_interface_of_this_paude() -> Outcome {
    let env = Env::new();
    for language in ["rust", "python", "js"] {
        env.paude(&["policy", "new", language, "--lang", language]).code(0);
        for entry in std::fs::read_dir(root().join("wit"))? {
            let name = entry?.file_name();
            let written = std::fs::read(env.project.join(language).join("wit").join(&name))?;
            assert_eq!(written, std::fs::read(root().join("wit").join(&name))?);
        }
    }
    Ok(())
}

/// Runs a script in a new template; its tools are those that were fetched for the tests.
#[track_caller]
fn built(language: &str, script: &str) -> Env {
    let mut env = Env::new();
    env.vars.push(policies::shared_cache());
    env.paude(&["policy", "new", "made", "--lang", language]).code(0);
    let mut shell = env.command("sh");
    for tool in ["componentize_py", "jco"] {
        shell.env(tool, setup()["tools"][tool].as_str().unwrap_or_default());
    }
    shell.args(["-ec", script]).current_dir(env.project.join("made"));
    Ran(shell.output().unwrap()).code(0);
    env.paude(&["policy", "check", "made/policy.wasm"]).code(0);
    env
}

fn the_template_in_python_works() -> Outcome {
    let componentize = "python3 -c 'from componentize_py import script; script()' --wit-path wit \
        --world detector componentize app --output policy.wasm";
    let script = format!(
        "export PYTHONDONTWRITEBYTECODE=1; python3 -m unittest\n\
         PYTHONPATH=$componentize_py {componentize}"
    );
    let env = built("python", &script);
    env.write("pyproject.toml", "");
    env.paude(&["policy", "run", "made/policy.wasm"])
        .code(0)
        .prints("build: reserved (beside pyproject.toml)\n");
    env.paude(&["policy", "run", "made/policy.wasm", "--venv", "new", "--venv", "made"])
        .code(0)
        .prints("made: unmarked (listed)\nnew: reserved (listed)\n");
    Ok(())
}

fn the_template_in_javascript_works() -> Outcome {
    let env = built("js", "node --test\nln -s $jco node_modules\nnode build.js");
    env.write("package.json", "{}");
    env.paude(&["policy", "run", "made/policy.wasm"])
        .code(0)
        .prints("node_modules: reserved (beside package.json)\n");
    env.paude(&["policy", "run", "made/policy.wasm", "--venv", "new", "--venv", "made"])
        .code(0)
        .prints("made: unmarked (listed)\nnew: reserved (listed)\n");
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
    command.args(["-ec", &script]).current_dir(place);
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
