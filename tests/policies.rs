//! The policies in `tests/policies`. Three of them say the built-in rules again, in another
//! language: on every case their plans are the golden ones, notes and refusals included.
//! `cargo xtask test` builds them; those of the cases' own policies run among the cases.

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::cases;
use crate::support::{Outcome, paude, setup};

/// The copies of the built-in rules.
const COPIES: [&str; 3] = ["c", "javascript", "python"];

/// Every case in every language.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for policy in COPIES.map(Policy::read) {
        for case in cases::names().into_iter().filter(|case| cases::policy(case).is_none()) {
            let name = format!("policies::{}::{case}", policy.name);
            let (policy, ignored) = (policy.clone(), policy.ignored());
            let test = move || policy.plans_as_built_in(&case);
            trials.push(Trial::test(name, test).with_ignored_flag(ignored));
        }
    }
    trials
}

/// A policy of `tests/policies`.
#[derive(Clone)]
pub struct Policy {
    name: String,
    /// The component, or why there is none.
    built: Result<String, String>,
}

impl Policy {
    /// The one in that folder.
    pub fn read(name: &str) -> Self {
        let setup = setup();
        let mut policies = setup["policies"].as_array().into_iter().flatten();
        let built = match policies.find(|policy| policy["name"] == name) {
            None => Err("`cargo xtask test` builds it".to_owned()),
            Some(Value::Object(policy)) => match policy["file"].as_str() {
                Some(file) => Ok(file.to_owned()),
                None => Err(policy["why"].as_str().unwrap_or_default().to_owned()),
            },
            Some(other) => panic!("what is {other}?"),
        };
        Self { name: name.to_owned(), built }
    }

    /// Under CI, one that is missing fails.
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
        // All share what paude keeps of a compiled policy: the one in Python takes 12 s to compile.
        let cache = paude().with_file_name("cache");
        env.vars.push(("XDG_CACHE_HOME".to_owned(), cache.display().to_string()));
        let mut words = vec!["plan", "--format", "json", "--policy", file];
        words.extend(args.iter().map(String::as_str));
        let ran = env.paude(&words);
        let said = cases::normal(&env, &(ran.stdout() + &ran.stderr()));
        let said = said.replace(&format!("policy `{file}`"), "the built-in policy");
        let (code, error) = (ran.0.status.code().unwrap(), cases::read(case, "error.txt"));
        let wanted = if error.is_empty() { cases::read(case, "plan.json") } else { error };
        let said = if code == 0 { said } else { format!("exit {code}\n{said}") };
        assert_eq!(said, wanted);
        Ok(())
    }
}
