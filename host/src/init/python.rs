//! The version of Python that the project names.

use std::path::Path;

use crate::workspace::Workspace;

/// The series that an image with a tool of its own is taken for, where no file names one.
pub(super) const NEWEST: &str = "3.13";

/// Far more than any real `.python-version`.
const MAX_BYTES: u64 = 1 << 16;

/// The series, such as `3.12`, that the first version in `.python-version` belongs to.
pub(super) fn version(workspace: &Workspace) -> Option<String> {
    let bytes = workspace.read(Path::new(".python-version"), MAX_BYTES).ok().flatten()?;
    let text = String::from_utf8(bytes).ok()?;
    text.lines().find_map(series)
}

/// The official image of a series.
pub(super) fn image(series: &str) -> String {
    format!("docker.io/library/python:{series}-slim")
}

/// `3.12` of `3.12`, `3.12.4` or `cpython@3.12`; none of `pypy3.10`, `3` or `3.15t`.
fn series(line: &str) -> Option<String> {
    let line = line.trim();
    let line =
        line.strip_prefix("cpython").map_or(line, |rest| rest.trim_start_matches(['@', '-']));
    let mut parts = line.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let is_number =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    (major == "3" && is_number(minor)).then(|| format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::series;

    #[test]
    fn a_series_is_read_from_the_usual_spellings() {
        for (line, wanted) in [
            ("3.12", Some("3.12")),
            (" 3.12.4 ", Some("3.12")),
            ("cpython@3.13", Some("3.13")),
            ("cpython-3.11.9", Some("3.11")),
            ("3", None),
            ("2.7.18", None),
            ("pypy3.10", None),
            ("3.15t", None),
            ("3.x", None),
            ("", None),
            ("# 3.12", None),
        ] {
            assert_eq!(series(line).as_deref(), wanted, "{line}");
        }
    }
}
