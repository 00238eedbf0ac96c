//! `paude policy check`: whether this host can run a component, and why not.

use std::fmt::Write as _;
use std::path::Path;

use super::asked::{Asked, NotStarted, Terms};
use super::inspect::Inspection;
use super::load::Policy;
use super::{SPOKEN, limits};
use crate::config::PolicyChoice;
use crate::error::{Error, Result};
use crate::value::Sha256;

/// What a component is, for people, and whether this host can run it.
#[derive(Debug)]
pub struct Checked {
    /// Lines of what was found.
    pub text: String,
    /// All that is wrong, as one error.
    pub verdict: Result<()>,
}

/// Reads, compiles and starts a component, and asks it nothing.
pub fn check(file: &Path) -> Result<Checked> {
    let mut policy = Policy::read(&PolicyChoice::typed(file).source, None)?;
    // The built-in one is held to the same rules, as the component that it is.
    let bytes = policy.bytes.get_or_insert_with(|| super::builtin().to_vec());
    let mut text = format!(
        "{}: {} KiB of {} MiB, sha256 {}\n",
        policy.who,
        bytes.len().div_ceil(1024),
        limits::COMPONENT_BYTES >> 20,
        Sha256::of(bytes)
    );
    let who = policy.who.clone();
    let terms =
        Terms { workspace: None, time: limits::Allowed::DEFAULT.time, cache: true, quiet: false };
    let verdict = match Asked::try_start(policy, &terms) {
        Ok(asked) => {
            list(&mut text, asked.inspection());
            let plans = match asked.plans() {
                true => "plans as well",
                false => "the built-in policy plans",
            };
            let _ = writeln!(
                text,
                "this paude speaks {SPOKEN} and can run it: it detects, and {plans}"
            );
            Ok(())
        }
        Err(NotStarted::Invalid(inspection)) => {
            list(&mut text, &inspection);
            Err(faults(&who, &inspection))
        }
        Err(NotStarted::Other(error)) => Err(error),
    };
    Ok(Checked { text, verdict })
}

fn list(text: &mut String, inspection: &Inspection) {
    for name in &inspection.exports {
        let _ = writeln!(text, "exports {name}");
    }
    for (name, tolerated) in &inspection.imports {
        let but = if *tolerated { ": a call of it ends the policy" } else { "" };
        let _ = writeln!(text, "imports {name}{but}");
    }
}

/// All faults, and once what to do about each kind.
fn faults(who: &str, inspection: &Inspection) -> Error {
    let mut message = format!("{who} cannot be used; this paude speaks {SPOKEN}");
    let mut hints = Vec::new();
    for fault in &inspection.faults {
        let _ = write!(message, "\n  - {}", fault.what);
        if !hints.contains(&fault.hint) {
            hints.push(fault.hint);
        }
    }
    hints.into_iter().fold(Error::failed(message), Error::hint)
}
