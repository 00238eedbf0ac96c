//! The result of a run of the policies as text and JSON, for authors of policies. The JSON is a
//! contract with the programs in `tests/hosts`, which print the same: keys sorted, all of them
//! present, `null` where an option is empty; a case is its name, or `{name: payload}`.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

use super::{PolicyResult, limits};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::json_line;
use crate::plan::{FindingKind, Severity};
use crate::wit;
use crate::workspace::Workspace;

/// The query and the error of a run that has no result, as one line of JSON.
pub(crate) fn error_json(config: &Config, workspace: &Workspace, error: &Error) -> Result<String> {
    let (query, layout) = super::build_query(config, workspace);
    json_line::line(&json!({ "error": error.message(), "question": query_json(&query, &layout) }))
}

impl PolicyResult {
    /// The query, the findings and the proposed plan, as one line of JSON.
    pub(crate) fn json(&self) -> Result<String> {
        json_line::line(&json!({
            "findings": list_json(&self.raw.findings.environments, finding_json),
            "notes": list_json(&self.raw.findings.notes, note_json),
            "primary": self.raw.findings.primary,
            "plan": {
                "mounts": list_json(&self.raw.plan.mounts, mount_json),
                "notes": list_json(&self.raw.plan.notes, note_json),
            },
            "question": query_json(&self.query, &self.raw.layout),
        }))
    }

    /// The time and memory that each policy used, and its limits; one line per policy.
    pub(crate) fn usage_text(&self) -> String {
        let several = self.usage.len() > 1;
        let line = |(who, usage): &(String, super::thread::PolicyUsage)| {
            format!(
                "{}took {} ms of {} s, and {} KiB of {} MiB of memory",
                if several { format!("{who} ") } else { String::new() },
                usage.time.as_millis(),
                usage.allowed.as_secs_f32(),
                usage.memory >> 10,
                limits::MEMORY >> 20
            )
        };
        self.usage.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Display for PolicyResult {
    /// One line per finding and per note, with the untrusted text in it escaped.
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
            write!(f, ": {}", shown(FindingKind::from(&finding.kind).name()))?;
            if let Some(python) = &finding.python {
                write!(f, ", Python {}", shown(python))?;
            }
            if let Some(home) = &finding.home {
                write!(f, ", created from {}", shown(home))?;
            }
            writeln!(f, " ({})", shown(&finding.reason))?;
        }
        for note in self.raw.findings.notes.iter().chain(&self.raw.plan.notes) {
            let prefix = match note.severity {
                wit::Severity::Info => "note",
                wit::Severity::Warning => "warning",
            };
            match &note.path {
                Some(path) => {
                    writeln!(f, "{prefix}: `{}`: {}", shown(path), shown(&note.message))?;
                }
                None => writeln!(f, "{prefix}: {}", shown(&note.message))?,
            }
        }
        Ok(())
    }
}

fn list_json<T>(items: &[T], item_json: impl FnMut(&T) -> Value) -> Value {
    items.iter().map(item_json).collect()
}

fn finding_json(finding: &wit::Finding) -> Value {
    let kind = match &finding.kind {
        wit::Kind::Other(name) => json!({ "other": name }),
        plain => json!(FindingKind::from(plain).name()),
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

fn note_json(note: &wit::Note) -> Value {
    let severity = Severity::from(note.severity).name();
    json!({ "message": note.message, "path": note.path, "severity": severity })
}

fn mount_json(mount: &wit::Mount) -> Value {
    match mount {
        wit::Mount::Workspace(path) => json!({ "workspace": path }),
        wit::Mount::Shadow(shadow) => json!({
            "shadow": {
                "backing": backing_name(shadow.backing),
                "path": shadow.path,
                "size": shadow.size,
            },
        }),
    }
}

fn query_json(query: &wit::Query, layout: &wit::Layout) -> Value {
    let selection = match &query.selection {
        wit::Selection::Auto => json!("auto"),
        wit::Selection::Off => json!("off"),
        wit::Selection::Listed(paths) => json!({ "listed": paths }),
    };
    json!({
        "layout": {
            "backing": backing_name(layout.backing),
            "size": layout.size,
            "workspace": layout.workspace,
        },
        "query": {
            "also": query.also,
            "depth": query.depth,
            "except": query.except,
            "root": query.root,
            "selection": selection,
            "skip": query.skip,
        },
    })
}

fn backing_name(backing: wit::Backing) -> &'static str {
    match backing {
        wit::Backing::Tmpfs => "tmpfs",
        wit::Backing::Volume => "volume",
    }
}
