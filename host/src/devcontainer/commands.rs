//! The commands that the specification runs when a container is created, as one setup.

use super::document::Command;
use super::variables::Variables;
use crate::error::Result;

/// The script that runs the commands one after the other, each in a shell of its own, until one
/// fails; `None` if there is nothing to run.
pub(super) fn setup(
    commands: [(&str, Option<&Command>); 3],
    variables: &mut Variables,
) -> Result<Option<String>> {
    let mut steps = Vec::new();
    for (key, command) in commands {
        let Some(command) = command else { continue };
        add_steps(key, command, variables, &mut steps)?;
    }
    Ok(match &steps[..] {
        [] => None,
        // The setup itself is run by a shell of its own.
        [Step::Shell(script)] => Some(script.clone()),
        _ => Some(steps.iter().map(Step::line).collect::<Vec<_>>().join(" && ")),
    })
}

enum Step {
    Shell(String),
    Words(String),
}

impl Step {
    fn line(&self) -> String {
        match self {
            // The only error is a NUL, which `Variables::substitute` refuses.
            Self::Shell(script) => {
                format!("/bin/sh -c {}", shlex::try_quote(script).unwrap_or_default())
            }
            Self::Words(words) => words.clone(),
        }
    }
}

fn add_steps(
    key: &str,
    command: &Command,
    variables: &mut Variables,
    steps: &mut Vec<Step>,
) -> Result<()> {
    match command {
        Command::Shell(script) if script.trim().is_empty() => {}
        Command::Shell(script) => {
            steps.push(Step::Shell(variables.substitute(script, key)?.script()));
        }
        Command::Argv(words) if words.is_empty() => {}
        Command::Argv(words) => {
            let words = words.iter().map(|word| Ok(variables.substitute(word, key)?.word()));
            steps.push(Step::Words(words.collect::<Result<Vec<_>>>()?.join(" ")));
        }
        Command::Several(members) => {
            for member in members {
                add_steps(key, member, variables, steps)?;
            }
        }
    }
    Ok(())
}
