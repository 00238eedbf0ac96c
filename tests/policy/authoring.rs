//! The commands for authors of policies, and `guest/README.md`: its example is the one in
//! `tests/policies/minimal`, and its commands work word for word.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::languages;
use crate::hostile::policy;
use crate::support::{Env, Ran, paude, setup, tree};
use crate::trials;

const README: &str = include_str!("../../guest/README.md");

/// All of them; those that build a component are ignored if their tools are not prepared.
pub fn trials() -> Vec<Trial> {
    let has = |tool: &str| !setup()["tools"][tool].is_null();
    let mut trials = of_commands();
    trials.extend(only_if(!setup().is_null(), with_cargo()));
    trials.extend(only_if(has("componentize_py"), with_componentize_py()));
    trials.extend(only_if(has("jco"), with_jco()));
    trials
}

/// The tests, ignored if what they need is missing; in CI they fail then.
fn only_if(is_there: bool, trials: Vec<Trial>) -> impl Iterator<Item = Trial> {
    let ignored = !is_there && std::env::var_os("CI").is_none();
    trials.into_iter().map(move |trial| trial.with_ignored_flag(ignored))
}

trials!(
    of_commands,
    fn run_shows_the_result_before_it_is_checked() -> Outcome {
        let env = Env::with(
            r#"
            .venv/pyvenv.cfg: "home = /usr/bin\nversion = 3.11.2\n"
            venv -> node_modules/py
            node_modules/py/pyvenv.cfg
            env -> /nowhere/at/all
            .env -> gone
        "#,
        );
        let link = "is a link: `python -m venv` refuses to make an environment there, uv and \
                    virtualenv do not";
        let ran = env.paude(&["policy", "run"]).code(0).prints(&format!(
            ".venv: venv, Python 3.11.2, created from /usr/bin (pyvenv.cfg)\n\
             env -> out of the project: unseen (link out of the project)\n\
             venv -> node_modules/py: venv (pyvenv.cfg)\n\
             warning: `.env`: is a dangling link\n\
             note: `venv`: {link}\n",
        ));
        let usage = ran.stderr();
        let ends = " ms of 30 s, and ";
        assert!(usage.starts_with("took ") && usage.contains(ends), "{usage}");
        assert!(usage.ends_with(" KiB of 256 MiB of memory\n"), "{usage}");
        let args = ["policy", "run", "builtin", "--venv", "none", "-C", "node_modules"];
        env.paude(&args).code(0).prints(
            "nothing was found\n\
             warning: `py`: an environment of the host (pyvenv.cfg) is not hidden: the container \
             sees it broken\n",
        );
        env.paude(&["policy", "run", "builtin", "--policy", "x"]).code(2);
        Ok(())
    },
    fn run_prints_the_query_where_there_is_no_result() -> Outcome {
        let env = Env::with("file");
        let args = ["policy", "run", "--format", "json", "--venv", "file", "--size", "2g"];
        let ran = env.paude(&args).code(125).says("error: the built-in policy refused: ");
        let printed: serde_json::Value = serde_json::from_str(&ran.stdout())?;
        let question = serde_json::json!({
            "layout": { "backing": "tmpfs", "size": 2u64 << 30, "workspace": env.project },
            "query": {
                "also": [],
                "depth": null,
                "except": [],
                "root": "/workspace",
                "selection": { "listed": ["file"] },
                "skip": [],
            },
        });
        assert_eq!(printed["question"], question);
        let error = printed["error"].as_str().ok_or("no error")?;
        assert_eq!(ran.stderr(), format!("error: {error}\n"));
        Ok(())
    },
    fn run_passes_on_every_part_of_a_query() -> Outcome {
        let env = Env::with(".venv/pyvenv.cfg\nold/pyvenv.cfg\ndata/venv/pyvenv.cfg");
        let mut args = vec!["policy", "run", "--format", "json", "--depth", "2", "--skip", "data"];
        args.extend(["--venv", "auto", "--venv", "new", "--venv", "!old"]);
        let printed = env.paude(&args).code(0).stdout();
        let printed: serde_json::Value = serde_json::from_str(&printed)?;
        let query = serde_json::json!({
            "also": ["new"],
            "depth": 2,
            "except": ["old"],
            "root": "/workspace",
            "selection": "auto",
            "skip": ["data"],
        });
        assert_eq!(printed["question"]["query"], query);
        assert_eq!(printed["primary"], ".venv");
        let found = printed["findings"].as_array().ok_or("no findings")?;
        let found: Vec<_> = found.iter().map(|finding| finding["path"].as_str()).collect();
        assert_eq!(found, [Some(".venv"), Some("new")]);
        Ok(())
    },
    fn run_fails_where_its_output_cannot_be_written() -> Outcome {
        let env = Env::new();
        for format in ["text", "json"] {
            let full = std::fs::File::options().write(true).open("/dev/full")?;
            let mut command = env.command(paude());
            command.args(["policy", "run", "--venv", ".venv", "--format", format]).stdout(full);
            Ran(command.output()?).code(125).says("error: cannot write to stdout: No space left");
        }
        Ok(())
    },
    fn export_overwrites_nothing() -> Outcome {
        let env = Env::with("there");
        env.paude(&["policy", "export", "there"])
            .code(2)
            .says("hint: existing files are not overwritten");
        assert_eq!(std::fs::read(env.project.join("there"))?, b"");
        env.paude(&["policy", "export", "no/such/place"]).code(125).says("cannot write");
        env.paude(&["policy", "export", "new"]).code(0).prints("");
        assert!(std::fs::read(env.project.join("new"))?.starts_with(b"\0asm"));
        Ok(())
    },
    fn compare_shows_what_only_one_of_them_hides() -> Outcome {
        let env = Env::with(".venv/pyvenv.cfg\nvenv/pyvenv.cfg: \"version = 3.11.2\\n\"\nother/");
        let detector = format!(
            "(core module $main
                (import \"heap\" \"memory\" (memory 1))
                (data (i32.const 1024) \".venvother\")
                {}
                (i32.store (i32.const 4) (i32.const 2048))
                (i32.store (i32.const 8) (i32.const 2))
                (i32.store (i32.const 2048) (i32.const 1024))
                (i32.store (i32.const 2052) (i32.const 5))
                (i32.store (i32.const 2116) (i32.const 1029))
                (i32.store (i32.const 2120) (i32.const 5))
                i32.const 0))",
            policy::DETECT
        );
        std::fs::write(env.project.join("own.wasm"), policy::component(&detector))?;
        env.paude(&["policy", "compare", "own.wasm"]).code(0).prints(
            "only policy `own.wasm` hides\n  other: venv ()\n\
             only the built-in policy hides\n  venv: venv, Python 3.11.2 (pyvenv.cfg)\n\
             both hide 1 directory\n",
        );
        env.paude(&["policy", "compare", "builtin"]).code(0).prints("both hide 2 directories\n");
        env.paude(&["policy", "compare", "nowhere.wasm"]).code(125).says("no such file");
        Ok(())
    },
    fn new_overwrites_nothing() -> Outcome {
        let env = Env::with("there/file\nfile\nempty/");
        for path in ["there", "file"] {
            let ran = env.paude(&["policy", "new", path, "--lang", "rust"]).code(2).prints("");
            ran.says(&format!("`{path}`: ")).says("hint: existing files are not overwritten");
        }
        assert_eq!(std::fs::read_dir(env.project.join("there"))?.count(), 1);
        let args = ["policy", "new", "no/such/place", "--lang", "js"];
        env.paude(&args).code(125).says("`no/such/place`: No such file");
        env.paude(&["policy", "new", "other", "--lang", "cobol"]).code(2);
        for path in ["empty", "fresh"] {
            let ran = env.paude(&["policy", "new", path, "--lang", "python"]).code(0);
            let printed = ran.stdout();
            assert!(
                printed.starts_with(&format!("`{path}` holds a policy, its test, ")),
                "{printed}"
            );
            assert!(env.project.join(path).join("test_rules.py").exists());
        }
        Ok(())
    },
    fn what_cannot_be_written_completely_is_removed() -> Outcome {
        let env = Env::with("empty/");
        // The limit of a file's size, in blocks, takes the place of a full disk.
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
    },
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
    },
    fn the_example_is_the_one_in_the_readme() -> Outcome {
        let files: Vec<_> = blocks().filter(|(words, _)| words[0] != "console").collect();
        assert_eq!(files.len(), 2);
        for (words, text) in files {
            let file = root().join("tests/policies/minimal").join(words[1]);
            assert_eq!(std::fs::read_to_string(&file)?, text, "{}", file.display());
        }
        Ok(())
    },
);

trials!(
    with_cargo,
    fn the_readme_works_word_for_word() -> Outcome {
        let env = Env::new();
        let mut dir = env.project.clone();
        for (words, text) in blocks() {
            match words[..] {
                ["console", "test"] => dir = follow(&env, &dir, text),
                ["console"] => {}
                [_, file] => tree::write(&dir.join(file), text),
                _ => panic!("a block of {words:?} has no meaning"),
            }
        }
        Ok(())
    },
);

trials!(
    with_componentize_py,
    fn the_template_in_python_works() -> Outcome {
        let componentize = "python3 -c 'from componentize_py import script; script()' \
            --wit-path wit --world detector componentize app --output policy.wasm";
        let script = format!(
            "export PYTHONDONTWRITEBYTECODE=1; python3 -m unittest\n\
             PYTHONPATH=$componentize_py {componentize}"
        );
        let env = build_template("python", &script);
        env.write("pyproject.toml", "");
        check_template(&env, "build: reserved (beside pyproject.toml)\n", "build");
        Ok(())
    },
);

trials!(
    with_jco,
    fn the_template_in_javascript_works() -> Outcome {
        let env = build_template("js", "node --test\nln -s $jco node_modules\nnode build.js");
        env.write("package.json", "{}");
        check_template(&env, "node_modules: reserved (beside package.json)\n", "node_modules");
        Ok(())
    },
);

/// Runs a script in a new template; its tools are those that were prepared for the tests.
#[track_caller]
fn build_template(language: &str, script: &str) -> Env {
    let mut env = Env::new();
    env.vars.push(languages::shared_cache());
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

/// Runs the component of a template, whose rule finds one directory, with each selection.
#[track_caller]
fn check_template(env: &Env, found: &str, path: &str) {
    let run = |venv: &[&str]| {
        let venv = venv.iter().flat_map(|entry| ["--venv", entry]);
        let args: Vec<_> = ["policy", "run", "made/policy.wasm"].into_iter().chain(venv).collect();
        env.paude(&args).code(0)
    };
    let listed = "made: unmarked (listed)\nnew: reserved (listed)\n";
    run(&[]).prints(found);
    run(&["new", "made"]).prints(listed);
    run(&["none"]).prints("nothing was found\n");
    run(&["auto", "new", "made", &format!("!{path}")]).prints(listed);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The blocks of the README: the words after the fence, and the text.
fn blocks() -> impl Iterator<Item = (Vec<&'static str>, &'static str)> {
    README.split("```").skip(1).step_by(2).map(|block| {
        let (words, text) = block.split_once('\n').expect("a block has lines");
        (words.split(' ').collect(), text)
    })
}

/// Runs the lines of a block that begin with `$`, and looks for the others in the output; numbers
/// may differ. Returns the directory in which the block ended.
fn follow(env: &Env, dir: &Path, block: &str) -> PathBuf {
    let (typed, shown): (Vec<_>, Vec<_>) = block.lines().partition(|line| line.starts_with("$ "));
    let script: Vec<_> = typed.iter().map(|line| &line[2..]).collect();
    let script = format!("exec 2>&1\n{}\npwd", script.join("\n"));
    let mut command = env.command("sh");
    command.args(["-ec", &script]).current_dir(dir);
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
    // paude has the same dependencies, so that nothing is fetched. What an earlier run built is
    // used again.
    command.env("CARGO_NET_OFFLINE", "true");
    command.env("CARGO_BUILD_BUILD_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/readme"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{block}\n--- output\n{text}");
    let mut lines = text.lines();
    for line in shown {
        let is_printed = lines.any(|printed| without_numbers(printed) == without_numbers(line));
        assert!(is_printed, "{line:?} is not printed, or not in this order:\n{text}");
    }
    PathBuf::from(text.lines().last().unwrap())
}

fn without_numbers(line: &str) -> String {
    line.chars().filter(|c| !c.is_ascii_digit()).collect()
}
