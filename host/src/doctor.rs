//! The diagnosis of `paude doctor`: the engines, the machine and the project, the known problems
//! with them, and how to fix each.

mod clients;
mod machine;
mod native;
mod project;

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use serde::Serialize;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::json_line;

pub(crate) use machine::{add_policy_cache, check_selinux};
pub(crate) use project::{
    add_built_image, add_chosen_engine, add_devcontainer, add_network, add_project, add_run,
    add_run_spec,
};

/// The state of what a line is about, as named in the JSON document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Good,
    /// It can be used, with a restriction or risk.
    Warning,
    /// paude cannot run a project.
    Bad,
}

/// One line of a diagnosis; its texts are escaped.
#[derive(Debug, Serialize)]
struct DoctorLine {
    about: &'static str,
    health: Health,
    #[serde(rename = "said")]
    message: String,
    /// How to fix it.
    advice: Option<String>,
}

/// All lines, in the order of the checks.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Diagnosis {
    lines: Vec<DoctorLine>,
}

/// Checks one engine; the native one in this directory. Returns whether it can be used.
pub(crate) fn check_engine(diagnosis: &mut Diagnosis, engine: Engine, workspace: &Path) -> bool {
    match engine.client() {
        Some(client) => clients::check(diagnosis, engine, client),
        None => native::check(diagnosis, workspace),
    }
}

/// Warns about a version older than the test suite runs on.
fn check_version(diagnosis: &mut Diagnosis, engine: Engine, version: &str) {
    let Some(client) = engine.client() else { return };
    if is_older(version, client.minimum) {
        let (major, minor) = client.minimum;
        let message =
            format!("older than {major}.{minor}, the oldest version that paude is tested with");
        diagnosis.warn(client.program, message, "update it");
    }
}

impl Diagnosis {
    fn add(&mut self, health: Health, about: &'static str, message: &str, advice: Option<&str>) {
        let advice = advice.filter(|text| !text.is_empty()).map(|text| shown(text).into_owned());
        self.lines.push(DoctorLine { about, health, message: shown(message).into_owned(), advice });
    }

    fn good(&mut self, about: &'static str, message: impl AsRef<str>) {
        self.add(Health::Good, about, message.as_ref(), None);
    }

    fn warn(&mut self, about: &'static str, message: impl AsRef<str>, advice: &str) {
        self.add(Health::Warning, about, message.as_ref(), Some(advice));
    }

    fn bad(&mut self, about: &'static str, message: impl AsRef<str>, advice: &str) {
        self.add(Health::Bad, about, message.as_ref(), Some(advice));
    }

    fn error(&mut self, about: &'static str, error: &Error) {
        // The faults of a plan are a list over several lines.
        let message = error.message().replace("\n  - ", "; ");
        self.bad(about, message, &error.hints().join("; "));
    }

    /// Whether no line is bad.
    pub(crate) fn is_healthy(&self) -> bool {
        self.lines.iter().all(|line| line.health != Health::Bad)
    }

    /// The diagnosis as one line of JSON; a contract, documented in `docs/json.md`.
    pub(crate) fn json(&self) -> Result<String> {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u32,
            healthy: bool,
            #[serde(flatten)]
            diagnosis: &'a Diagnosis,
        }
        json_line::line(&Document { version: 1, healthy: self.is_healthy(), diagnosis: self })
    }
}

impl Display for Diagnosis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for DoctorLine { about, health, message, advice } in &self.lines {
            let mark = match health {
                Health::Good => "✓",
                Health::Warning => "!",
                Health::Bad => "✗",
            };
            writeln!(f, "{mark} {about}: {message}")?;
            if let Some(advice) = advice {
                writeln!(f, "  hint: {advice}")?;
            }
        }
        Ok(())
    }
}

/// Whether a version, such as `4.3.1`, is older than this one. One without two numbers is not.
fn is_older(version: &str, minimum: (u32, u32)) -> bool {
    let mut parts = version.split('.').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < minimum,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, expected) in [
            ("4.2.9", true),
            ("4.3.1", false),
            ("4.10.0", false),
            ("5.0", false),
            ("3.99", true),
            ("", false),
            ("dev", false),
        ] {
            assert_eq!(is_older(version, (4, 3)), expected, "{version}");
        }
    }
}
