//! `containerEnv` and `remoteEnv`: the variables of the container.

use std::collections::{BTreeMap, BTreeSet};

use super::document::EnvText;
use super::variables::{Template, Variables};
use super::warnings::KeyWarning;
use crate::error::Result;
use crate::escape::brief;
use crate::value::EnvName;

/// A variable that a shell in the container sets before setup and command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LateVariable {
    pub(crate) name: EnvName,
    /// `None` unsets it.
    value: Option<Template>,
}

/// The variables of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Env {
    /// Those whose values are known.
    pub(super) known: Vec<(EnvName, String)>,
    /// Those that depend on the container's, and those that are unset.
    pub(super) late: Vec<LateVariable>,
    pub(super) warnings: Vec<KeyWarning>,
}

type Templates = BTreeMap<EnvName, Option<Template>>;

impl Env {
    /// `remoteEnv` over `containerEnv`. A variable of the container that `remoteEnv` refers to is
    /// the one of `containerEnv`, or else of the image.
    pub(super) fn new(
        container: Option<BTreeMap<String, EnvText>>,
        remote: Option<BTreeMap<String, EnvText>>,
        variables: &mut Variables,
    ) -> Result<Self> {
        let mut env = Self::default();
        let mut all = env.templates("containerEnv", container, variables)?;
        let mut over = env.templates("remoteEnv", remote, variables)?;
        for template in over.values_mut().flatten() {
            *template = template.with_known(&all, variables)?;
        }
        all.append(&mut over);
        // One that another refers to has the image's value until that has been read.
        let late = all.values().flatten().flat_map(Template::names);
        let late: BTreeSet<EnvName> = late.cloned().collect();
        for (name, value) in all {
            match value.as_ref().and_then(Template::plain) {
                Some(text) if !late.contains(&name) => {
                    env.known.push((name, text));
                }
                _ => env.late.push(LateVariable { name, value }),
            }
        }
        Ok(env)
    }

    fn templates(
        &mut self,
        key: &'static str,
        texts: Option<BTreeMap<String, EnvText>>,
        variables: &mut Variables,
    ) -> Result<Templates> {
        let mut templates = Templates::new();
        for (name, EnvText(text)) in texts.into_iter().flatten() {
            match EnvName::try_from(name.clone()) {
                Ok(name) => {
                    let place = format!("env {}", name.as_ref());
                    let text = text.map(|text| variables.substitute(&text, &place));
                    templates.insert(name, text.transpose()?);
                }
                Err(_) => {
                    let name = brief(&name);
                    let text = format!("`{key}` sets `{name}`, which is no variable name");
                    self.warnings.push((key, text));
                }
            }
        }
        Ok(templates)
    }
}

/// The text for a shell that sets these variables; empty for none. All values are read before the
/// first is set.
pub(crate) fn script(variables: &[LateVariable]) -> String {
    let mut script = String::new();
    let values = variables.iter().map(|variable| variable.value.as_ref());
    for (index, value) in values.enumerate().filter_map(|(index, value)| Some((index, value?))) {
        script += &format!("paude_{index}={}; ", value.word());
    }
    for (index, LateVariable { name, value }) in variables.iter().enumerate() {
        let name = name.as_ref();
        script += &match value {
            Some(_) => format!("{name}=$paude_{index}; export {name}; "),
            None => format!("unset {name}; "),
        };
    }
    script
}
