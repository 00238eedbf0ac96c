//! The policies in `tests/policies`. `python` is a full copy of the built-in rules: on every case
//! it plans what the golden files have, notes and refusals included. `c` and `javascript` are
//! short examples of one rule, tested on the trees below. `cargo xtask test` builds them; the
//! policies that cases name run among the cases.

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::cases;
use crate::support::{Env, Outcome, paude, setup};

/// The policy that is a copy of the built-in rules.
const COPY: &str = "python";

/// The policies that implement the example's rule.
const EXAMPLES: [&str; 2] = ["c", "javascript"];

/// The project that every run of an example sees.
const TREE: &str = r#"
    .venv/pyvenv.cfg: "home = /usr/bin\n"
    api/env/pyvenv.cfg
    web/src/.venv/pyvenv.cfg
    build/x
    linked -> api/env
    notes.txt
"#;

/// A run of an example.
struct Example {
    name: &'static str,
    args: &'static [&'static str],
    /// What `paude policy run` prints; the error message if it fails.
    wanted: Result<&'static str, &'static str>,
    primary: Option<&'static str>,
}

static RUNS: [Example; 8] = [
    Example {
        name: "auto",
        args: &[],
        wanted: Ok(".venv: venv (pyvenv.cfg)\napi/env: venv (pyvenv.cfg)\n"),
        primary: Some(".venv"),
    },
    Example {
        name: "depth",
        args: &["--depth", "0"],
        wanted: Ok(".venv: venv (pyvenv.cfg)\n"),
        primary: Some(".venv"),
    },
    Example {
        name: "skip",
        args: &["--skip", "api"],
        wanted: Ok(".venv: venv (pyvenv.cfg)\n"),
        primary: Some(".venv"),
    },
    Example {
        name: "also",
        args: &["--venv", "auto", "--venv", "new", "--venv", "build", "--venv", ".venv"],
        wanted: Ok(".venv: venv (pyvenv.cfg)\napi/env: venv (pyvenv.cfg)\n\
                    build: unmarked (listed)\nnew: reserved (listed)\n"),
        primary: Some(".venv"),
    },
    Example {
        name: "except",
        args: &["--venv", "auto", "--venv", "!.venv", "--venv", "!api"],
        wanted: Ok("nothing was found\n"),
        primary: None,
    },
    Example {
        name: "listed",
        args: &["--venv", "new", "--venv", "build", "--venv", "web/src/.venv"],
        wanted: Ok("build: unmarked (listed)\nnew: reserved (listed)\n\
                    web/src/.venv: venv (listed)\n"),
        primary: Some("new"),
    },
    Example {
        name: "off",
        args: &["--venv", "none"],
        wanted: Ok("nothing was found\n"),
        primary: None,
    },
    Example {
        name: "refusal",
        args: &["--venv", "linked"],
        wanted: Err("`linked` is not a directory; this policy hides no links or files"),
        primary: None,
    },
];

/// Every case for the copy, and every run for the examples.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    let copy = Policy::read(COPY);
    for case in cases::names().into_iter().filter(|case| cases::policies(case).is_empty()) {
        let (name, copy) = (format!("policies::{COPY}::{case}"), copy.clone());
        let ignored = copy.ignored();
        let test = move || copy.plans_as_built_in(&case);
        trials.push(Trial::test(name, test).with_ignored_flag(ignored));
    }
    for policy in EXAMPLES.map(Policy::read) {
        for example in &RUNS {
            let name = format!("policies::{}::{}", policy.name, example.name);
            let (policy, ignored) = (policy.clone(), policy.ignored());
            let test = move || policy.returns(example);
            trials.push(Trial::test(name, test).with_ignored_flag(ignored));
        }
    }
    trials
}

/// The names of policies that need no file; `python` is a folder here.
const BUILT_IN: [&str; 3] = ["builtin", "node", "rust"];

/// A policy of `tests/policies`.
#[derive(Clone)]
pub struct Policy {
    name: String,
    /// The component, or why there is none.
    built: Result<String, String>,
}

impl Policy {
    /// The one in that folder, or a built-in one.
    pub fn read(name: &str) -> Self {
        if BUILT_IN.contains(&name) {
            return Self { name: name.to_owned(), built: Ok(name.to_owned()) };
        }
        let setup = setup();
        let mut policies = setup["policies"].as_array().into_iter().flatten();
        let built = match policies.find(|policy| policy["name"] == name) {
            None => Err("`cargo xtask test` builds it".to_owned()),
            Some(Value::Object(policy)) => match policy["file"].as_str() {
                Some(file) => Ok(file.to_owned()),
                None => Err(policy["why"].as_str().unwrap_or_default().to_owned()),
            },
            Some(other) => panic!("{other} is not an object"),
        };
        Self { name: name.to_owned(), built }
    }

    /// In CI, a missing policy fails its tests.
    pub fn ignored(&self) -> bool {
        self.built.is_err() && std::env::var_os("CI").is_none()
    }

    /// The component.
    pub fn file(&self) -> Result<&str, Failed> {
        let why = |why| format!("the policy `{}` is needed: {why}", self.name);
        self.built.as_deref().map_err(|error| why(error).into())
    }

    fn plans_as_built_in(&self, case: &str) -> Outcome {
        let file = self.file()?;
        let (mut env, args) = cases::arrange(case);
        env.vars.push(shared_cache());
        let args = args.iter().map(String::as_str);
        let args: Vec<_> =
            ["plan", "--format", "json", "--policy", file].into_iter().chain(args).collect();
        let ran = env.paude(&args);
        let printed = cases::normal(&env, &(ran.stdout() + &ran.stderr()));
        let printed = printed.replace(&format!("policy `{file}`"), "the built-in policy");
        let printed = match ran.exit_code() {
            Some(0) => printed,
            code => format!("exit {}\n{printed}", code.ok_or("it was ended by a signal")?),
        };
        let error = cases::read(case, "error.txt");
        let wanted = if error.is_empty() { cases::read(case, "plan.json") } else { error };
        assert_eq!(printed, wanted);
        Ok(())
    }

    fn returns(&self, example: &Example) -> Outcome {
        let file = self.file()?;
        let mut env = Env::with(TREE);
        env.vars.push(shared_cache());
        let run = |args: &[&str]| env.paude(&[args, example.args].concat());
        let printed = match example.wanted {
            Ok(printed) => printed,
            Err(message) => {
                run(&["policy", "run", file]).code(125).says(message);
                return Ok(());
            }
        };
        run(&["policy", "run", file]).code(0).prints(printed);
        let json = run(&["policy", "run", file, "--format", "json"]).code(0).stdout();
        let result: Value = serde_json::from_str(&json)?;
        assert_eq!(result["primary"].as_str(), example.primary);
        // The host accepts the result.
        run(&["plan", "--policy", file]).code(0);
        Ok(())
    }
}

/// All tests share the cache of compiled policies: the one in Python takes 12 s to compile.
pub fn shared_cache() -> (String, String) {
    let cache = paude().with_file_name("cache");
    ("XDG_CACHE_HOME".to_owned(), cache.display().to_string())
}
