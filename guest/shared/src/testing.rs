//! For tests: queries, and results as lines.

use crate::types::{Finding, Findings, Kind, Link, Note, Query, Refusal, Selection, Severity};

/// The query with no option set.
pub fn query(selection: Selection) -> Query {
    let (also, except, skip) = (Vec::new(), Vec::new(), Vec::new());
    Query { root: "/".into(), selection, also, except, depth: None, skip }
}

/// A result as lines: one for each finding and one for each note, or the refusal.
pub fn lines(result: &Result<Findings, Refusal>) -> Vec<String> {
    match result {
        Ok(Findings { environments, notes, .. }) => {
            environments.iter().map(finding_line).chain(notes.iter().map(note_line)).collect()
        }
        Err(Refusal::Invalid(message)) => vec![format!("invalid: {message}")],
        Err(Refusal::Unreadable(it)) => vec![format!("unreadable: {:?}: {}", it.path, it.message)],
        Err(Refusal::Unsupported(message)) => vec![format!("unsupported: {message}")],
    }
}

/// A finding as a line.
pub fn finding_line(finding: &Finding) -> String {
    let link = match &finding.link {
        None => String::new(),
        Some(Link::Inside(target)) => format!(" -> {target}"),
        Some(Link::Outside) => " => outside".to_string(),
    };
    let kind = match &finding.kind {
        Kind::Other(name) => name.clone(),
        kind => format!("{kind:?}").to_lowercase().replace("kind::", ""),
    };
    format!("{}{link}: {kind} ({})", finding.path, finding.reason)
}

/// A note as a line.
pub fn note_line(note: &Note) -> String {
    let severity = match note.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    let path = note.path.as_deref().unwrap_or("*");
    format!("{severity}: {path}: {}", note.message)
}
