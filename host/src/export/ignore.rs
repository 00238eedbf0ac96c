//! Lists of what sync tools, image builds and backups have to leave out, in three dialects.

use super::ExportInput;
use crate::cli::IgnoreDialect;
use crate::escape::shown_path;
use crate::plan::Plan;

/// A line for each hidden directory. All names that a plan can have are representable.
pub(super) fn render(input: &ExportInput<'_>) -> (String, Vec<String>) {
    let dialect = input.options.dialect.unwrap_or_default();
    let mut lines = String::new();
    for shadow in input.plan.shadows() {
        let path = shadow.path().as_str();
        // A link out of the project is no directory to these tools.
        let end = if input.plan.is_inside(shadow) { "/" } else { "" };
        let line = match dialect {
            IgnoreDialect::Git if end.is_empty() => format!("/{}", keep_spaces(git(path))),
            IgnoreDialect::Git => format!("/{}{end}", git(path)),
            IgnoreDialect::Docker => docker(path),
            IgnoreDialect::Rsync => format!("/{}{end}", rsync(path)),
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    (lines, notes(input))
}

/// A list is of one directory, so it cannot name what is hidden in another.
fn notes(input: &ExportInput<'_>) -> Vec<String> {
    let further = input.plan.further().iter().map(|further| &further.plan);
    let note = |part: &Plan| {
        let path = shown_path(part.workspace().as_path());
        format!("what is hidden in `{path}` is not in this list: write another with -C")
    };
    further.filter(|part| !part.shadows().is_empty()).map(note).collect()
}

/// gitignore(5). The slash in front makes `#` and `!` plain.
fn git(path: &str) -> String {
    escape(path, "\\*?[")
}

/// git removes the spaces at the end of a line unless a backslash stands before each.
fn keep_spaces(pattern: String) -> String {
    let kept = pattern.trim_end_matches(' ');
    format!("{kept}{}", "\\ ".repeat(pattern.len() - kept.len()))
}

/// The patterns of docker's builder: it removes spaces around a line, and makes a regular
/// expression of what has a backslash or a bracket, in which all else keeps its meaning.
fn docker(path: &str) -> String {
    let escaped = escape(path, "\\*?[](){}+|^");
    let (first, last) = (path.chars().next(), path.chars().next_back());
    let mut pattern = escaped;
    if let Some(c) = last.filter(|c| c.is_whitespace()) {
        let kept = pattern.len() - c.len_utf8();
        pattern = format!("{}[{c}]", &pattern[..kept]);
    }
    match first {
        Some(c) if c.is_whitespace() && path.chars().count() > 1 => {
            format!("[{c}]{}", &pattern[c.len_utf8()..])
        }
        Some('!' | '#') => format!("\\{pattern}"),
        _ => pattern,
    }
}

/// rsync(1): a backslash is plain in a pattern without a wildcard.
fn rsync(path: &str) -> String {
    match path.contains(['*', '?', '[']) {
        true => escape(path, "\\*?["),
        false => path.to_owned(),
    }
}

/// Puts a backslash before each of these characters.
fn escape(path: &str, special: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for c in path.chars() {
        if special.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
