//! The README says what the program does. Its blocks say by their tag how that is seen:
//!
//! - `console test`: run line by line in a shell, with the native engine, in the project
//!   that [`TREE`] describes; what is printed is compared
//! - `console notest`: has to be a command line that paude takes (seen with `--dry-run`),
//!   or a chore that `cargo xtask` has
//! - `json`, `json person`: settings that paude takes, of a project and of a person
//! - `json plan`: the plan of that project

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::hostile::policy;
use crate::support::{Env, Outcome, Ran, paude, tree};
use crate::trials;

const README: &str = include_str!("../README.md");

/// The project of the README, which lies at `/home/you/shop` there.
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

/// All of them; those that run a container are ignored where the kernel has none to give.
pub fn trials() -> Vec<Trial> {
    let mut trials = trials![
        every_block_has_a_tag_that_says_how_it_is_tested,
        settings_are_taken,
        the_plan_as_json_is_as_shown,
        every_key_of_the_plan_is_explained,
        every_key_of_the_receipt_is_explained,
        command_lines_that_are_not_run_are_taken,
        every_setting_is_explained,
        every_grant_is_explained,
        every_option_is_explained,
        links_lead_somewhere,
    ];
    let works = project().paude(&["--", "true"]).0.status.success();
    let ignored = !works && std::env::var_os("CI").is_none();
    let run = trials![
        commands_print_what_is_shown,
        exit_codes_are_what_the_table_says,
        every_step_of_a_verification_is_named,
    ];
    trials.extend(run.into_iter().map(|trial| trial.with_ignored_flag(ignored)));
    trials
}

/// The project, with a person who chose the native engine, and with a policy that finds
/// nothing where the page names one.
fn project() -> Env {
    let env = Env::with(TREE);
    let policy = policy::make(&env, "empty");
    std::fs::create_dir(env.project.join("tools")).unwrap();
    for place in ["node_modules.wasm", "tools/node_modules.wasm"] {
        std::fs::copy(&policy, env.project.join(place)).unwrap();
    }
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

/// The text of every block with this tag.
fn blocks(tag: &str) -> Vec<&'static str> {
    let parts: Vec<_> = README.split("\n```").skip(1).step_by(2).collect();
    let parts = parts.iter().filter_map(|part| part.split_once('\n'));
    let found: Vec<_> = parts.filter(|(own, _)| *own == tag).map(|(_, text)| text).collect();
    assert!(!found.is_empty(), "no block is tagged `{tag}`");
    found
}

/// The cells of the table whose head begins so, backticks kept.
fn table(head: &str) -> Vec<Vec<String>> {
    let (_, rest) = README.split_once(&format!("\n{head}")).unwrap_or_else(|| panic!("{head}"));
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let row = row.replace("\\|", "/");
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// The first words in backticks of the first column.
fn first_column(head: &str) -> BTreeSet<String> {
    let word = |row: &Vec<String>| row[0].split('`').nth(1).unwrap().to_owned();
    table(head).iter().map(word).collect()
}

fn every_block_has_a_tag_that_says_how_it_is_tested() -> Outcome {
    let tags: BTreeSet<_> =
        README.split("\n```").skip(1).step_by(2).map(|part| part.lines().next().unwrap()).collect();
    let known = ["console notest", "console test", "json", "json person", "json plan"];
    assert_eq!(tags, BTreeSet::from(known));
    Ok(())
}

fn settings_are_taken() -> Outcome {
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
}

fn plan() -> Value {
    let env = project();
    let text = env.paude(&["plan", "--format", "json"]).code(0).stdout();
    serde_json::from_str(&text.replace(env.project.to_str().unwrap(), PLACE)).unwrap()
}

fn the_plan_as_json_is_as_shown() -> Outcome {
    let [shown] = blocks("json plan")[..] else { panic!("one block shows the plan") };
    assert_eq!(plan(), serde_json::from_str::<Value>(shown)?);
    Ok(())
}

fn every_key_of_the_plan_is_explained() -> Outcome {
    let env = project();
    let listed = ["plan", "--format", "json", "--venv", "new"];
    let plan: Value = serde_json::from_str(&env.paude(&listed).code(0).stdout())?;
    let mut keys = BTreeSet::new();
    for (key, value) in plan.as_object().unwrap() {
        keys.insert(key.clone());
        for entry in value.as_array().into_iter().flatten() {
            keys.extend(entry.as_object().unwrap().keys().map(|inner| format!("{key}[].{inner}")));
        }
    }
    assert_eq!(first_column("| key | type | meaning |"), keys);
    Ok(())
}

fn every_key_of_the_receipt_is_explained() -> Outcome {
    let mut env = project();
    // An engine that does damage, so that no list is empty.
    let podman = env.root().join("bin/podman");
    tree::write(&podman, "#!/bin/sh\n[ $1 != run ] || rm .venv/bin/python\n");
    std::fs::set_permissions(&podman, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let path = format!("{}/bin:/usr/bin:/bin", env.root().display());
    env.vars.push(("PATH".to_owned(), path));
    let file = env.root().join("receipt").display().to_string();
    env.paude(&["-q", "--engine", "podman", "--receipt", &file, "--", "true"]).code(0);
    let receipt: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let of = |prefix: &str, object: &Value| {
        let keys = object.as_object().unwrap().keys();
        keys.map(|key| format!("{prefix}{key}")).collect::<BTreeSet<_>>()
    };
    let environments = receipt["environments"].as_array().unwrap();
    let changed = environments.iter().find(|one| one["path"] == ".venv").unwrap();
    let mut keys = of("", &receipt);
    keys.extend(of("environments[].", changed));
    keys.extend(of("changes[].", &changed["changes"][0]));
    assert_eq!(first_column("| key of the receipt | type | meaning |"), keys);
    let tree = of("", &changed["before"]);
    assert_eq!(tree, BTreeSet::from(["entries".to_owned(), "sha256".to_owned()]));
    Ok(())
}

fn every_step_of_a_verification_is_named() -> Outcome {
    let args = ["verify", "--format", "json", "--env", "PATH=/nowhere"];
    let text = project().paude(&args).code(1).stdout();
    let document: Value = serde_json::from_str(&text)?;
    let (_, told) = README.split_once("`--format json` prints one line: `version` (1)").unwrap();
    let (told, _) = told.split_once("\n## ").unwrap();
    for key in document.as_object().unwrap().keys().filter(|key| *key != "version") {
        assert!(told.contains(&format!("`{key}`")), "{key}");
    }
    let mut rest = told;
    for step in document["steps"].as_array().unwrap() {
        let word = format!("`{}`", step["step"].as_str().unwrap());
        let (_, after) = rest.split_once(&word).unwrap_or_else(|| panic!("{word}, in its place"));
        rest = after;
    }
    Ok(())
}

fn commands_print_what_is_shown() -> Outcome {
    for block in blocks("console test") {
        let env = project();
        let place = env.project.display().to_string();
        let mut printed = String::new();
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let said = typed(&env, line).code(0).stdout();
            printed += &format!("$ {line}\n{}", said.replace(&place, PLACE));
        }
        assert_eq!(printed.trim_end(), block.trim_end());
    }
    Ok(())
}

fn command_lines_that_are_not_run_are_taken() -> Outcome {
    let chores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/src");
    let env = project();
    std::fs::create_dir_all(env.home().join("code/shop"))?;
    for line in blocks("console notest").iter().flat_map(|block| block.lines()) {
        let Some(line) = line.strip_prefix("$ ") else { continue };
        let (command, _) = line.split_once(" > ").unwrap_or((line, ""));
        let rest = command.strip_prefix("paude").map(str::trim_start);
        match rest {
            Some(rest) => {
                let word = rest.split(' ').next().unwrap_or_default();
                let dry = match word {
                    "plan" | "completions" | "schema" | "man" => format!("paude {rest}"),
                    // These take a container or look at the machine: not for show.
                    "verify" | "doctor" | "volumes" => format!("paude {rest} --help"),
                    "run" => rest.replacen("run", "paude run --dry-run", 1),
                    _ => format!("paude --dry-run {rest}"),
                };
                typed(&env, &dry).code(0);
            }
            None => assert!(command.starts_with("cargo "), "what is `{command}`?"),
        }
    }
    for tail in README.split("cargo xtask ").skip(1) {
        let chore: String = tail.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        let file = chores.join(format!("{}.rs", chore.replace('-', "_")));
        assert!(file.exists(), "there is no `cargo xtask {chore}`");
    }
    Ok(())
}

/// The two tables of keys: of everybody's, and of the person's own.
fn key_tables() -> [BTreeSet<String>; 2] {
    let head = "| key | value | default | meaning |";
    let (before, _) = README.split_once("| `engine` |").expect("a table of the person's keys");
    assert_eq!(before.matches(head).count(), 2);
    let all = first_column(head);
    let (_, rest) = README.split_once(head).unwrap();
    let (_, rest) = rest.split_once(head).unwrap();
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
    [all, rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect()]
}

fn every_setting_is_explained() -> Outcome {
    let schema = Env::new().paude(&["schema"]).code(0).stdout();
    let schema: Value = serde_json::from_str(&schema)?;
    let keys: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(key_tables()[0], keys);
    Ok(())
}

/// Which keys a person alone may set is seen in the type that reads them.
fn every_grant_is_explained() -> Outcome {
    let source = include_str!("../host/src/config/file.rs");
    let grants = source.lines().filter_map(|line| line.trim().split_once(": Grant<"));
    let grants: BTreeSet<_> =
        grants.map(|(name, _)| name.trim_start_matches("pub ").to_owned()).collect();
    assert_eq!(key_tables()[1], grants);
    for key in grants {
        // 0 is of no key's type: the words tell how far it got.
        let text = format!("{{\"{key}\": 0}}");
        let env = Env::new();
        person(&env, &text);
        let said = env.paude(&["plan"]).code(2).says("config.json:1:").stderr();
        assert!(!said.contains("unknown key") && !said.contains("may not"), "{said}");
        let env = Env::new();
        env.write("paude.json", &text);
        env.paude(&["plan"]).code(2).says("a project may not set this");
    }
    Ok(())
}

fn every_option_is_explained() -> Outcome {
    let help = Env::new().paude(&["run", "-h"]).code(0).stdout();
    let options = help.lines().filter_map(|line| line.split_once("--"));
    let options = options.map(|(_, rest)| rest.split([' ', '\n']).next().unwrap().to_owned());
    let mut options: BTreeSet<_> = options.map(|name| format!("--{name}")).collect();
    // Help is itself, and `--` stands before the command.
    options.retain(|name| name != "--help" && name != "--");
    let column = first_column("| option | short | does |");
    let named = column.iter().map(|cell| cell.split([' ', '[']).next().unwrap().to_owned());
    assert_eq!(named.collect::<BTreeSet<_>>(), options);
    let help = Env::new().paude(&["-h"]).code(0).stdout();
    for row in table("| command | does |").iter().skip(1) {
        let word = row[0].trim_start_matches("`paude ").split([' ', '`']).next().unwrap();
        assert!(help.contains(&format!("\n  {word} ")), "{word} is no subcommand");
    }
    Ok(())
}

fn exit_codes_are_what_the_table_says() -> Outcome {
    let codes: BTreeSet<_> =
        table("| code | means |").into_iter().map(|row| row[0].clone()).collect();
    let known = ["any", "1", "2", "120", "125", "126", "127"];
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
    env.vars.push(("PATH".to_owned(), "/nowhere".to_owned()));
    env.paude(&["--engine", "podman", "--", "true"]).code(125);
    // The check, over a directory that nothing hides.
    let hidden = env.project.join(".venv").display().to_string();
    let mut shell = env.command("/bin/sh");
    let script = include_str!("../host/src/render/entry.sh");
    shell.args(["-c", script, "paude", "", "", "tmpfs", "1", &hidden, &hidden, "true"]);
    Ran(shell.output()?).code(120).says("is not hidden");
    Ok(())
}

fn links_lead_somewhere() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for page in ["README.md", "docs/security.md", "docs/CHANGELOG.md"] {
        let page = root.join(page);
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
            assert!(target.exists(), "{}: {link}", page.display());
            if anchor.is_empty() {
                continue;
            }
            let text = std::fs::read_to_string(target)?;
            let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
            let mut anchors = headings
                .map(|title| title.to_lowercase().replace(' ', "-").replace([',', '?'], ""));
            assert!(anchors.any(|own| own == anchor), "{link}");
        }
    }
    Ok(())
}
