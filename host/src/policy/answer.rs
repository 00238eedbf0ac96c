//! A policy's answer as it came, for those who write policies. The JSON is a contract
//! with the programs in `tests/hosts`, which print the same: keys sorted, all of them
//! present, `null` where an option is empty; a case is its name, or `{name: payload}`.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

use super::{Answer, limits};
use crate::config::Config;
use crate::error::Error;
use crate::escape::shown;
use crate::wit;
use crate::workspace::Workspace;

/// What was asked, and why there is no answer, as one line.
pub fn unanswered(config: &Config, workspace: &Workspace, error: &Error) -> String {
    let (asked, told) = super::question(config, workspace);
    json!({ "error": error.message(), "question": question(&asked, &told) }).to_string()
}

impl Answer {
    /// What was asked, what was found, and what is proposed, as one line.
    pub fn json(&self) -> String {
        let document = json!({
            "findings": list(&self.raw.findings.environments, finding),
            "notes": list(&self.raw.findings.notes, note),
            "plan": {
                "mounts": list(&self.raw.plan.mounts, mount),
                "notes": list(&self.raw.plan.notes, note),
            },
            "question": question(&self.query, &self.raw.layout),
        });
        document.to_string()
    }

    /// What the policy took, and what it may take; of several, a line for each.
    pub fn used(&self) -> String {
        let several = self.used.len() > 1;
        let line = |(who, used): &(String, super::run::Used)| {
            format!(
                "{}took {} ms of {} s, and {} KiB of {} MiB of memory",
                if several { format!("{who} ") } else { String::new() },
                used.time.as_millis(),
                self.time.as_secs_f32(),
                used.memory >> 10,
                limits::MEMORY >> 20
            )
        };
        self.used.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Display for Answer {
    /// A line for each finding and each note. Foreign text is escaped.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.raw.findings.environments.is_empty() {
            writeln!(f, "nothing was found")?;
        }
        for finding in &self.raw.findings.environments {
            f.write_str(&shown(&finding.path))?;
            match &finding.link {
                Some(wit::Link::Inside(path)) => write!(f, " -> {}", shown(path))?,
                Some(wit::Link::Outside) => f.write_str(" -> out of the project")?,
                None => {}
            }
            write!(f, ": {}", shown(&String::from(&finding.kind)))?;
            if let Some(python) = &finding.python {
                write!(f, ", Python {}", shown(python))?;
            }
            if let Some(home) = &finding.home {
                write!(f, ", made from {}", shown(home))?;
            }
            writeln!(f, " ({})", shown(&finding.reason))?;
        }
        for note in self.raw.findings.notes.iter().chain(&self.raw.plan.notes) {
            let word = match note.severity {
                wit::Severity::Info => "note",
                wit::Severity::Warning => "warning",
            };
            match &note.path {
                Some(path) => writeln!(f, "{word}: `{}`: {}", shown(path), shown(&note.message))?,
                None => writeln!(f, "{word}: {}", shown(&note.message))?,
            }
        }
        Ok(())
    }
}

fn list<T>(items: &[T], each: impl FnMut(&T) -> Value) -> Value {
    items.iter().map(each).collect()
}

fn finding(finding: &wit::Finding) -> Value {
    let kind = match &finding.kind {
        wit::Kind::Other(name) => json!({ "other": name }),
        plain => json!(String::from(plain)),
    };
    let link = match &finding.link {
        Some(wit::Link::Inside(path)) => json!({ "inside": path }),
        Some(wit::Link::Outside) => json!("outside"),
        None => Value::Null,
    };
    json!({
        "home": finding.home,
        "kind": kind,
        "link": link,
        "path": finding.path,
        "python": finding.python,
        "reason": finding.reason,
    })
}

fn note(note: &wit::Note) -> Value {
    let severity = match note.severity {
        wit::Severity::Info => "info",
        wit::Severity::Warning => "warning",
    };
    json!({ "message": note.message, "path": note.path, "severity": severity })
}

fn mount(mount: &wit::Mount) -> Value {
    match mount {
        wit::Mount::Workspace(path) => json!({ "workspace": path }),
        wit::Mount::Shadow(shadow) => json!({
            "shadow": {
                "backing": backing(shadow.backing),
                "path": shadow.path,
                "size": shadow.size,
            },
        }),
    }
}

fn question(query: &wit::Query, layout: &wit::Layout) -> Value {
    let selection = match &query.selection {
        wit::Selection::Auto => json!("auto"),
        wit::Selection::Off => json!("off"),
        wit::Selection::Listed(paths) => json!({ "listed": paths }),
    };
    json!({
        "layout": {
            "backing": backing(layout.backing),
            "size": layout.size,
            "workspace": layout.workspace,
        },
        "query": { "depth": query.depth, "root": query.root, "selection": selection },
    })
}

fn backing(backing: wit::Backing) -> &'static str {
    match backing {
        wit::Backing::Tmpfs => "tmpfs",
        wit::Backing::Volume => "volume",
    }
}
