//! The built-in policy in other WASI hosts. On the tree of every case, each of them prints byte
//! for byte what `paude policy run` prints, so that nothing in `paude plan` comes from elsewhere.
//! `cargo xtask test` prepares the hosts.

mod wave;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::cases;
use crate::support::snapshot::{assert_unchanged, snapshot};
use crate::support::{Env, Outcome, paude, setup};

/// The names of all hosts, so that tests show as ignored if none is prepared.
const NAMES: [&str; 5] = ["python", "node", "wasmtime", "python-package", "node-package"];

/// A program that uses the package for Python, and prints what the program of that host prints.
const PYTHON_PACKAGE: &str = r#"
import json, sys
import paude_policy
project, question = sys.argv[1], json.loads(sys.argv[2])
code = 0
try:
    result = paude_policy.detect(project, **question["query"])
    result["plan"] = paude_policy.plan(project, layout=question["layout"], **question["query"])
except paude_policy.Refused as refused:
    result, code = {"refusal": paude_policy.refusal(refused.args[0])}, 1
result["question"] = question
text = json.dumps(result, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
sys.stdout.buffer.write(text.encode() + b"\n")
sys.exit(code)
"#;

/// The same for Node.
const NODE_PACKAGE: &str = r#"
import { detect, plan as planned } from "paude-policy";
const [project, text] = process.argv.slice(1);
const question = JSON.parse(text);
let result, code = 0;
try {
  const { findings, notes, primary } = await detect(project, question.query);
  const plan = await planned(project, { ...question.query, layout: question.layout });
  result = { findings, notes, plan, primary, question };
} catch (error) {
  if (error.kind === undefined) throw error;
  result = { question, refusal: { [error.kind]: error.message } };
  code = 1;
}
process.stdout.write(JSON.stringify(result) + "\n", () => process.exit(code));
"#;

/// Every case in every host, and that every way to get the component leads to the same bytes.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![the_component_is_the_one_that_xtask_builds()];
    for host in NAMES.map(Host::read) {
        for case in cases::names() {
            let (host, name) = (host.clone(), format!("hosts::{}::{case}", host.name));
            let ignored = host.ignored();
            let test = move || host.returns_what_paude_does(&case);
            trials.push(Trial::test(name, test).with_ignored_flag(ignored));
        }
    }
    trials
}

fn the_component_is_the_one_that_xtask_builds() -> Trial {
    let built = setup()["guest"].as_str().map(PathBuf::from);
    let ignored = built.is_none() && std::env::var_os("CI").is_none();
    let test = move || {
        let built = built.ok_or("`cargo xtask test` prepares it")?;
        let exported = Env::new().paude(&["policy", "export", "-"]).0;
        assert_eq!(exported.status.code(), Some(0));
        let exported = exported.stdout;
        assert!(exported == std::fs::read(component())?, "a file and stdout differ");
        assert!(exported == std::fs::read(built)?, "`cargo xtask guest` and the program differ");
        Ok(())
    };
    Trial::test("hosts::the_component_is_the_one_that_xtask_builds", test)
        .with_ignored_flag(ignored)
}

/// A WASI host other than paude.
#[derive(Clone)]
struct Host {
    name: &'static str,
    program: PathBuf,
    packages: PathBuf,
    /// Why it is missing, if it is.
    why: Option<String>,
}

impl Host {
    fn read(name: &'static str) -> Self {
        let setup = setup();
        let hosts = setup["hosts"].as_array().into_iter().flatten();
        let host = hosts.into_iter().find(|host| host["name"] == name).cloned();
        let why = match &host {
            None => Some("`cargo xtask test` prepares it".to_owned()),
            Some(host) => host["why"].as_str().map(str::to_owned),
        };
        let host = host.unwrap_or_default();
        let path = |key: &str| PathBuf::from(host[key].as_str().unwrap_or_default());
        Self { name, program: path("program"), packages: path("packages"), why }
    }

    /// In CI a missing host fails the test, except the command line: it takes twenty minutes to
    /// build.
    fn ignored(&self) -> bool {
        self.why.is_some() && (std::env::var_os("CI").is_none() || self.name == "wasmtime")
    }

    fn returns_what_paude_does(&self, case: &str) -> Outcome {
        if let Some(why) = &self.why {
            return Err(format!("this host is needed: {why}").into());
        }
        let (env, args) = cases::arrange(case);
        let args = args.iter().map(String::as_str);
        let args: Vec<_> =
            ["policy", "run", "builtin", "--format", "json"].into_iter().chain(args).collect();
        let ours = env.paude(&args);
        if ours.stdout().is_empty() {
            // The command line or paude.json is wrong: no policy runs.
            ours.code(2);
            return Ok(());
        }
        let wanted: Value = serde_json::from_str(&ours.stdout())?;
        let before = snapshot(&env.project);
        let output = self.run(&env, &wanted["question"]);
        assert_unchanged(&env.project, &before);
        let text = String::from_utf8(output.stdout)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let Some(error) = wanted["error"].as_str() else {
            assert_eq!(text, ours.code(0).stdout(), "{errors}");
            assert_eq!(output.status.code(), Some(0), "{errors}");
            return Ok(());
        };
        ours.code(125);
        assert_eq!(output.status.code(), Some(1), "{text}{errors}");
        let refusal: Value = serde_json::from_str::<Value>(&text)?["refusal"].take();
        let refusal = refusal.as_object().and_then(|it| it.values().next()).ok_or(text)?;
        let message = refusal.get("message").unwrap_or(refusal).as_str().ok_or("no message")?;
        assert!(error.contains(message), "paude: {error}\n{}: {message}", self.name);
        Ok(())
    }

    /// Runs this host's program of `tests/hosts` over the project.
    fn run(&self, env: &Env, question: &Value) -> Output {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/hosts");
        let text = question.to_string();
        let mut command = match self.name {
            "wasmtime" => return self.run_command_line(env, &programs, question),
            "python" => {
                let mut command = env.command(&self.program);
                command.arg(programs.join("python/policy.py")).arg(component());
                command.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            "python-package" => {
                let mut command = env.command(&self.program);
                command.args(["-c", PYTHON_PACKAGE]);
                command.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            "node-package" => {
                let mut command = env.command(&self.program);
                command.args(["--input-type=module", "-e", NODE_PACKAGE, "--"]);
                // Packages are looked for from here.
                command.current_dir(&self.packages);
                command
            }
            _ => {
                let folder = self.node(&programs.join("node"));
                let mut command = env.command(&self.program);
                command.arg(folder.join("policy.js")).arg(folder.join("out"));
                command
            }
        };
        command.arg(&env.project).arg(text).output().unwrap()
    }

    /// A folder with the programs for Node, their packages, and the transpiled component.
    fn node(&self, programs: &Path) -> &'static Path {
        static FOLDER: OnceLock<PathBuf> = OnceLock::new();
        FOLDER.get_or_init(|| {
            let folder = component().with_file_name("node");
            std::fs::create_dir(&folder).unwrap();
            for name in ["package.json", "transpile.js", "policy.js"] {
                std::fs::copy(programs.join(name), folder.join(name)).unwrap();
            }
            let modules = self.packages.join("node_modules");
            std::os::unix::fs::symlink(modules, folder.join("node_modules")).unwrap();
            let mut transpile = Command::new(&self.program);
            transpile.current_dir(&folder).arg("transpile.js").arg(component()).arg("out");
            let output = transpile.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            folder
        })
    }

    /// The command line prints two lines of WAVE, which are converted to the JSON of the others.
    fn run_command_line(&self, env: &Env, programs: &Path, question: &Value) -> Output {
        let mut command = env.command("sh");
        command.arg(programs.join("wasmtime/policy.sh")).arg(component()).arg(&env.project);
        command.arg(wave::write(&question["query"])).arg(wave::write(&question["layout"]));
        let mut path = self.program.parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut output = command.env("PATH", path).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Value> = text.lines().map(wave::read).collect();
        let document = match &lines[..] {
            [found, plan] => document(&found["ok"], &plan["ok"], question),
            lines => json!({ "refusal": lines.last().map(|line| &line["err"]) }),
        };
        output.stdout = format!("{document}\n").into_bytes();
        output
    }
}

/// The results of the command line as the JSON of the others: WAVE omits empty options.
fn document(found: &Value, plan: &Value, question: &Value) -> Value {
    let filled = |value: &Value, options: &[&str]| {
        let mut value = value.clone();
        for &name in options {
            value.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
        }
        value
    };
    let list = |list: &Value, each: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(each).collect()
    };
    let note = |note: &Value| filled(note, &["path"]);
    let mount = |mount: &Value| match &mount["shadow"] {
        Value::Null => mount.clone(),
        shadow => json!({ "shadow": filled(shadow, &["size"]) }),
    };
    json!({
        "findings": list(&found["environments"], &|one| filled(one, &["home", "link", "python"])),
        "notes": list(&found["notes"], &note),
        "plan": { "mounts": list(&plan["mounts"], &mount), "notes": list(&plan["notes"], &note) },
        "primary": found["primary"],
        "question": question,
    })
}

/// A file with the component that the program embeds.
fn component() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = paude().with_file_name("policy.wasm");
        Env::new().paude(&["policy", "export", file.to_str().unwrap()]).code(0).prints("");
        file
    })
}
