//! The README and the pages of `docs/` describe what the program does. The tag of a block says
//! how it is tested:
//!
//! - `console test`: runs line by line in a shell, with the native engine, in the project that
//!   [`TREE`] describes; the output is compared
//! - `console notest`: has to be a command line that paude accepts (tried with `--dry-run`), or
//!   a subcommand that `cargo xtask` has
//! - `json`, `json person`: settings that paude accepts, of a project and of a person
//! - `json plan`: the plan of that project
//! - `text`: a drawing

mod detection;
mod devcontainers;
mod pages;
mod pictures;

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::hostile::policy;
use crate::registry;
use crate::support::{Env, Ran, paude, tree};
use crate::trials;
use pages::{PAGES, blocks, code, column, fences, first_column, root, table, tables};

/// The project of the pages, which is at `/home/you/shop` there.
const TREE: &str = r#"
    pyproject.toml
    src/shop/__init__.py
    .env: "DEBUG=1\n"
    .venv/pyvenv.cfg: "home = /usr/local/bin\nversion = 3.12.4\n"
    .venv/bin/python
    .tox/py312/pyvenv.cfg
    packages/api/pyproject.toml
    packages/api/.venv/pyvenv.cfg: "home = /usr/bin\nversion_info = 3.11.2.final.0\n"
"#;
const PLACE: &str = "/home/you/shop";

/// All of them; those that run a container are ignored where the kernel does not allow any.
pub fn trials() -> Vec<Trial> {
    let works = project().paude(&["--", "true"]).0.status.success();
    let ignored = !works && std::env::var_os("CI").is_none();
    let run = in_a_container().into_iter().map(|trial| trial.with_ignored_flag(ignored));
    let rest = [detection::trials(), devcontainers::trials(), pictures::trials()].into_iter();
    on_the_pages().into_iter().chain(rest.flatten()).chain(run).collect()
}

/// The project, with a person who chose the native engine, and with a policy that finds nothing
/// where the pages name one, and as if it had been pulled from the registry that they name.
fn project() -> Env {
    let env = Env::with(TREE);
    let policy = policy::make(&env, "empty");
    std::fs::create_dir(env.project.join("tools")).unwrap();
    for place in ["node_modules.wasm", "tools/node_modules.wasm"] {
        std::fs::copy(&policy, env.project.join(place)).unwrap();
    }
    registry::store(&env.home(), &policy, "registry.example/team/policy:1.0");
    env.write("docker/Dockerfile", "FROM debian:13\n");
    person(&env, r#"{"engine": "native"}"#);
    env
}

fn person(env: &Env, text: &str) {
    tree::write(&env.home().join(".config/paude/config.json"), text);
}

/// Runs a line as typed, both outputs in one as on a terminal.
fn typed(env: &Env, line: &str) -> Ran {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", paude().parent().unwrap().display());
    let mut shell = env.command("/bin/sh");
    let shell = shell.env("PATH", path).args(["-c", &format!("{{ {line}\n}} 2>&1")]);
    Ran(shell.stdin(std::process::Stdio::null()).output().unwrap())
}

/// The keys of an object, as a table names them.
fn keys(prefix: &str, object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().map(|key| format!("{prefix}{key}")).collect()
}

fn plan(env: &Env, more: &[&str]) -> Value {
    let args = [&["plan", "--format", "json"][..], more].concat();
    let text = env.paude(&args).code(0).stdout();
    serde_json::from_str(&text.replace(env.project.to_str().unwrap(), PLACE)).unwrap()
}

trials!(
    on_the_pages,
    fn every_page_is_tested_and_the_readme_is_short() -> Outcome {
        let docs = std::fs::read_dir(root().join("docs"))?.map(|entry| entry.unwrap().file_name());
        let docs = docs.map(|name| format!("docs/{}", name.to_str().unwrap()));
        let docs: BTreeSet<_> = docs.filter(|path| path.ends_with(".md")).collect();
        let named = PAGES.iter().map(|(path, _)| (*path).to_owned());
        assert_eq!(docs, named.filter(|path| path.starts_with("docs/")).collect());
        let lines = PAGES[0].1.lines().count();
        assert!(lines <= 200, "README.md has {lines} lines");
        Ok(())
    },
    fn every_block_has_a_tag_that_says_how_it_is_tested() -> Outcome {
        let all = PAGES.iter().flat_map(|(_, page)| fences(page));
        let tags: BTreeSet<_> = all.map(|(tag, _)| tag).collect();
        let known = ["console notest", "console test", "json", "json person", "json plan", "text"];
        assert_eq!(tags, BTreeSet::from(known));
        Ok(())
    },
    fn settings_are_accepted() -> Outcome {
        for block in blocks("json") {
            let env = project();
            let hashed = env.command("sha256sum").arg("node_modules.wasm").output()?.stdout;
            let hashed = String::from_utf8(hashed)?;
            // The page shows the hash of an empty file.
            let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
            env.write("paude.json", &block.replace(empty, &hashed[..64]));
            let ran = env.paude(&["--dry-run", "--quiet", "--engine", "podman"]).code(0);
            assert_eq!(ran.stderr(), "", "{block}");
        }
        for block in blocks("json person") {
            let env = project();
            person(&env, block);
            env.paude(&["--dry-run"]).code(0);
            env.write("paude.json", block);
            env.paude(&["plan"]).code(2).says("a project may not set this");
        }
        Ok(())
    },
    fn the_plan_as_json_is_as_shown() -> Outcome {
        let [shown] = blocks("json plan")[..] else { panic!("one block shows the plan") };
        assert_eq!(plan(&project(), &[]), serde_json::from_str::<Value>(shown)?);
        Ok(())
    },
    fn every_key_of_the_plan_is_explained() -> Outcome {
        let env = project();
        tree::make(&env.root(), "shared/.venv/pyvenv.cfg");
        let plan = plan(&env, &["--venv", "new", "--with", "../shared"]);
        let mut all = keys("", &plan);
        assert_eq!(keys("", &plan["further"][0]["shadows"][0]), keys("", &plan["shadows"][0]));
        for key in ["shadows", "further", "notes"] {
            all.extend(keys(&format!("{key}[]."), &plan[key][0]));
        }
        assert_eq!(first_column("| key | type | meaning |"), all);
        Ok(())
    },
    fn every_key_of_the_receipt_is_explained() -> Outcome {
        let mut env = project();
        // An engine that does damage, so that no list is empty.
        env.fake_podman_run("rm .venv/bin/python");
        let file = env.root().join("receipt").display().to_string();
        env.paude(&["-q", "--engine", "podman", "--receipt", &file, "--", "true"]).code(0);
        let receipt: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        let environments = receipt["environments"].as_array().unwrap();
        let changed = environments.iter().find(|one| one["path"] == ".venv").unwrap();
        let mut all = keys("", &receipt);
        all.extend(keys("environments[].", changed));
        all.extend(keys("changes[].", &changed["changes"][0]));
        assert_eq!(first_column("| key of the receipt | type | meaning |"), all);
        assert_eq!(keys("", &changed["before"]), ["entries", "sha256"].map(str::to_owned).into());
        Ok(())
    },
    fn every_key_of_the_sessions_is_explained() -> Outcome {
        let mut env = project();
        let list = env.root().join("list").display().to_string();
        env.fake_podman_run(&format!("{} ps --format json >{list}", paude().display()));
        env.paude(&["-q", "--engine", "podman", "--", "true"]).code(0);
        let document: Value = serde_json::from_str(&std::fs::read_to_string(list)?)?;
        let mut all = keys("", &document);
        all.extend(keys("sessions[].", &document["sessions"][0]));
        assert_eq!(first_column("| key of the sessions | type | meaning |"), all);
        Ok(())
    },
    fn every_key_of_a_diagnosis_is_explained() -> Outcome {
        let ran = project().paude(&["doctor", "--format", "json"]);
        let document: Value = serde_json::from_str(&ran.stdout())?;
        let mut all = keys("", &document);
        all.extend(keys("lines[].", &document["lines"][0]));
        assert_eq!(first_column("| key of the diagnosis | type | meaning |"), all);
        Ok(())
    },
    fn every_key_of_a_policy_is_explained() -> Outcome {
        let env = project();
        let file = env.root().join("policy.wasm");
        std::fs::write(&file, registry::component("one"))?;
        registry::store(&env.home(), &file, "registry.example/team/policy:1.0");
        let file = file.display().to_string();
        let ran = env.paude(&["policy", "inspect", &file, "--format", "json"]).code(0);
        let document: Value = serde_json::from_str(&ran.stdout())?;
        let builtin = env.paude(&["policy", "inspect", "python", "--format", "json"]).code(0);
        let builtin: Value = serde_json::from_str(&builtin.stdout())?;
        assert_eq!(keys("", &builtin), keys("", &document));
        let mut all = keys("", &document);
        all.extend(keys("imports[].", &builtin["imports"][0]));
        all.extend(keys("origins[].", &document["origins"][0]));
        assert_eq!(first_column("| key of the policy | type | meaning |"), all);
        Ok(())
    },
    fn command_lines_that_are_not_run_are_accepted() -> Outcome {
        let env = project();
        for directory in ["code/shop", "code/lib", "code/data"] {
            std::fs::create_dir_all(env.home().join(directory))?;
        }
        for place in [".devcontainer", ".devcontainer/gpu"] {
            env.write(&format!("{place}/devcontainer.json"), "{\"image\": \"x\"}");
        }
        for line in blocks("console notest").iter().flat_map(|block| block.lines()) {
            let Some(line) = line.strip_prefix("$ ") else { continue };
            let (command, _) = line.split_once(" > ").unwrap_or((line, ""));
            let rest = command.strip_prefix("paude").map(str::trim_start);
            let Some(rest) = rest else {
                assert!(command.starts_with("cargo "), "`{command}` is not paude or cargo");
                continue;
            };
            let dry = match rest.split(' ').next().unwrap_or_default() {
                "plan" | "export" | "completions" | "schema" | "man" => format!("paude {rest}"),
                // These start a container, or look at the machine.
                "verify" | "doctor" | "volumes" | "images" | "init" | "policy" => {
                    format!("paude {rest} --help")
                }
                word @ ("exec" | "up" | "down" | "ps") => {
                    rest.replacen(word, &format!("paude {word} --help"), 1)
                }
                "run" => rest.replacen("run", "paude run --dry-run", 1),
                _ => format!("paude --dry-run {rest}"),
            };
            typed(&env, &dry).code(0);
        }
        for tail in PAGES.iter().flat_map(|(_, page)| page.split("cargo xtask ").skip(1)) {
            let is_part = |c: &char| c.is_alphanumeric() || *c == '-';
            let name: String = tail.chars().take_while(is_part).collect();
            let file = root().join(format!("xtask/src/{}.rs", name.replace('-', "_")));
            assert!(file.exists(), "there is no `cargo xtask {name}`");
        }
        Ok(())
    },
    fn every_setting_is_explained() -> Outcome {
        let [everybody, person] = &tables("| key | value | default | meaning |")[..] else {
            panic!("two tables explain the settings")
        };
        let schema = Env::new().paude(&["schema"]).code(0).stdout();
        let schema: Value = serde_json::from_str(&schema)?;
        let everybody: BTreeSet<_> = column(everybody).into_iter().collect();
        assert_eq!(everybody, keys("", &schema["properties"]));
        // The type that reads them shows which keys only a person may set.
        let source = include_str!("../host/src/config/settings_file.rs");
        let grants = source.lines().filter_map(|line| line.trim().split_once(": Grant<"));
        let grants = grants.map(|(name, _)| name.rsplit(' ').next().unwrap_or(name).to_owned());
        let person: BTreeSet<_> = column(person).into_iter().collect();
        assert_eq!(person, grants.collect());
        for key in person {
            // 0 is of no key's type: the error shows how far it got.
            let text = format!("{{\"{key}\": 0}}");
            let env = Env::new();
            self::person(&env, &text);
            let said = env.paude(&["plan"]).code(2).says("config.json:1:").stderr();
            assert!(!said.contains("unknown key") && !said.contains("may not"), "{said}");
            let env = Env::new();
            env.write("paude.json", &text);
            env.paude(&["plan"]).code(2).says("a project may not set this");
        }
        Ok(())
    },
    fn every_option_is_explained() -> Outcome {
        let help = Env::new().paude(&["run", "-h"]).code(0).stdout();
        let options = help.lines().filter_map(|line| line.split_once("--"));
        let options = options.map(|(_, rest)| rest.split([' ', '\n']).next().unwrap());
        let mut options: BTreeSet<_> = options.map(|name| format!("--{name}")).collect();
        // `--help` explains itself, and `--` stands before the command.
        options.retain(|name| name != "--help" && name != "--");
        let named = first_column("| option | short | does |");
        let named = named.iter().map(|cell| cell.split([' ', '[']).next().unwrap().to_owned());
        assert_eq!(named.collect::<BTreeSet<_>>(), options);
        let help = Env::new().paude(&["-h"]).code(0).stdout();
        for cell in column(&table("| command | does |")).iter().skip(1) {
            let word = cell.trim_start_matches("paude ").split(' ').next().unwrap();
            assert!(help.contains(&format!("\n  {word} ")), "{word} is no subcommand");
        }
        Ok(())
    },
    fn links_lead_somewhere() -> Outcome {
        for path in PAGES.iter().map(|(path, _)| *path).chain(["guest/README.md"]) {
            let page = root().join(path);
            let text = std::fs::read_to_string(&page)?;
            for tail in text.split("](").skip(1) {
                let link = tail.split(')').next().unwrap();
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                if file.starts_with("https://") {
                    continue;
                }
                let target = match file {
                    "" => page.clone(),
                    file => page.parent().unwrap().join(file),
                };
                assert!(target.exists(), "{path}: {link}");
                if anchor.is_empty() {
                    continue;
                }
                let text = std::fs::read_to_string(target)?;
                let titles = text.lines().filter_map(|line| line.strip_prefix("## "));
                let is_kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
                let anchors = titles.map(|title| title.chars().filter(is_kept).collect::<String>());
                let mut anchors = anchors.map(|title| title.to_lowercase().replace(' ', "-"));
                assert!(anchors.any(|own| own == anchor), "{path}: {link}");
            }
        }
        Ok(())
    },
    fn files_that_are_named_exist() -> Outcome {
        const FOLDERS: [&str; 7] = ["host/", "guest/", "wit/", "tests/", "xtask/", "docs/", ".ci/"];
        for (page, text) in PAGES {
            for path in code(text) {
                let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder));
                if is_path && !path.contains([' ', '\n', '*', '{', '<']) {
                    assert!(root().join(&path).exists(), "{page} names {path}");
                }
            }
        }
        let modules = include_str!("../host/src/lib.rs").lines();
        let modules = modules.filter_map(|line| line.strip_suffix(';')?.split_once("mod "));
        let (_, map) = PAGES.iter().find(|(path, _)| *path == "docs/architecture.md").unwrap();
        for (_, module) in modules {
            assert!(map.contains(&format!("`{module}`")), "{module} is not in the map");
        }
        Ok(())
    },
);

trials!(
    in_a_container,
    fn commands_print_what_is_shown() -> Outcome {
        for block in blocks("console test") {
            let env = project();
            let place = env.project.display().to_string();
            let mut printed = String::new();
            for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
                let output = typed(&env, line).code(0).stdout();
                printed += &format!("$ {line}\n{}", output.replace(&place, PLACE));
            }
            assert_eq!(printed.trim_end(), block.trim_end());
        }
        Ok(())
    },
    fn every_key_and_step_of_a_verification_is_explained() -> Outcome {
        let args = ["verify", "--format", "json", "--env", "PATH=/nowhere"];
        let text = project().paude(&args).code(1).stdout();
        let document: Value = serde_json::from_str(&text)?;
        let mut all = keys("", &document);
        all.extend(keys("steps[].", &document["steps"][0]));
        assert_eq!(first_column("| key of the verification | type | meaning |"), all);
        let steps = document["steps"].as_array().unwrap().iter();
        let steps: Vec<_> = steps.map(|step| step["step"].as_str().unwrap().to_owned()).collect();
        assert_eq!(column(&table("| step | proves |")), steps);
        Ok(())
    },
    fn a_verification_prints_what_is_shown() -> Outcome {
        let env = Env::new();
        person(&env, r#"{"engine": "native"}"#);
        typed(&env, "python3 -m venv --without-pip .venv").code(0);
        let said = env.paude(&["verify"]).code(0).stdout();
        // Machines differ in engine, versions and size of an environment.
        let shape = |text: &str| {
            let text = text.replace(env.project.to_str().unwrap(), PLACE);
            let (place, steps) = text.trim_end().split_once('\n').unwrap();
            let place = place.split(" with ").next().unwrap();
            let steps = steps.split(|c: char| c.is_ascii_digit() || c == '.');
            let steps: Vec<_> = steps.filter(|part| !part.is_empty()).collect();
            format!("{place}\n{}", steps.join("#"))
        };
        assert_eq!(shape(&said), shape(pictures::block(pictures::VERIFY)));
        Ok(())
    },
    fn exit_codes_are_what_the_table_says() -> Outcome {
        let codes: BTreeSet<_> =
            table("| code | means |").into_iter().map(|row| row[0].clone()).collect();
        let known = ["any", "1", "2", "120", "121", "125", "126", "127"];
        assert_eq!(codes, known.map(str::to_owned).into());
        let mut env = project();
        let run = |script: &str| ["-q", "--", "/bin/sh", "-c", script].map(str::to_owned);
        env.paude(&run("exit 120")).code(120);
        env.paude(&run("kill -KILL $$")).code(137);
        env.paude(&["--setup", "exit 9", "--", "true"]).code(9);
        env.paude(&["verify", "--env", "PATH=/nowhere"]).code(1);
        env.paude(&["--no-such-option"]).code(2);
        env.paude(&["--", "./no-such-program"]).code(127);
        env.paude(&["--", "./pyproject.toml"]).code(126);
        env.set("PATH", "/nowhere");
        env.paude(&["--engine", "podman", "--", "true"]).code(125);
        // An engine that runs the check in the container, and hides nothing.
        env.vars.clear();
        env.fake_podman_run("while [ \"$1\" != -c ]; do shift; done\nexec /bin/sh \"$@\"");
        env.paude(&["--engine", "podman", "--", "true"]).code(120).says("is not hidden");
        Ok(())
    },
);
