//! What this machine has for paude, what is known to go wrong with it, and what to do.

mod docker;
mod machine;
mod native;
mod podman;
mod project;

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::escape::shown;

pub use docker::docker;
pub use machine::{policy_cache, selinux};
pub use native::native;
pub use podman::podman;
pub use project::{chosen, job, project};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, with something to know.
    Warning,
    /// paude cannot do its work.
    Bad,
}

/// One line.
#[derive(Debug, Serialize)]
struct Line {
    about: &'static str,
    health: Health,
    said: String,
    /// What to do.
    advice: Option<String>,
}

/// Everything that was found, in order.
#[derive(Debug, Default, Serialize)]
pub struct Diagnosis {
    lines: Vec<Line>,
}

impl Diagnosis {
    fn add(&mut self, health: Health, about: &'static str, said: &str, advice: Option<&str>) {
        let advice = advice.filter(|text| !text.is_empty()).map(|text| shown(text).into_owned());
        self.lines.push(Line { about, health, said: shown(said).into_owned(), advice });
    }

    fn good(&mut self, about: &'static str, said: impl AsRef<str>) {
        self.add(Health::Good, about, said.as_ref(), None);
    }

    fn warn(&mut self, about: &'static str, said: impl AsRef<str>, advice: &str) {
        self.add(Health::Warning, about, said.as_ref(), Some(advice));
    }

    fn bad(&mut self, about: &'static str, said: impl AsRef<str>, advice: &str) {
        self.add(Health::Bad, about, said.as_ref(), Some(advice));
    }

    fn error(&mut self, about: &'static str, error: &Error) {
        // Some are lists.
        let said = error.message().replace("\n  - ", "; ");
        self.add(Health::Bad, about, &said, Some(&error.hints().join("; ")));
    }

    /// Whether nothing is bad.
    pub fn healthy(&self) -> bool {
        self.lines.iter().all(|line| line.health != Health::Bad)
    }

    /// On one line; a contract, see the README.
    pub fn json(&self) -> Result<String> {
        #[derive(Serialize)]
        struct Document<'a> {
            version: u32,
            healthy: bool,
            #[serde(flatten)]
            diagnosis: &'a Diagnosis,
        }
        let document = Document { version: 1, healthy: self.healthy(), diagnosis: self };
        serde_json::to_string(&document)
            .map(|text| text + "\n")
            .map_err(|error| Error::failed(format!("cannot write JSON: {error}")))
    }
}

impl Display for Diagnosis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for Line { about, health, said, advice } in &self.lines {
            let mark = match health {
                Health::Good => "✓",
                Health::Warning => "!",
                Health::Bad => "✗",
            };
            writeln!(f, "{mark} {about}: {said}")?;
            if let Some(advice) = advice {
                writeln!(f, "  hint: {advice}")?;
            }
        }
        Ok(())
    }
}

/// Whether a version, such as `4.3.1`, is older than this one; not if it cannot be read.
fn older(version: &str, than: (u32, u32)) -> bool {
    let mut parts = version.split('.').map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < than,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::older;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, is_older) in [
            ("4.2.9", true),
            ("4.3.1", false),
            ("4.10.0", false),
            ("5.0", false),
            ("3.99", true),
            ("", false),
            ("dev", false),
        ] {
            assert_eq!(older(version, (4, 3)), is_older, "{version}");
        }
    }
}
