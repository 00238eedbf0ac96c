//! The name of a Python version, as `.python-version` and conda packages spell it.

/// What runs Python code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Implementation {
    CPython,
    /// A CPython without its global lock (PEP 703).
    FreeThreaded,
    PyPy,
    GraalPy,
}

/// A version that a file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PythonRequest {
    /// `X.Y`, or `X` if no more is said; `None` if no version of Python is.
    pub(super) series: Option<String>,
    /// The number of the release in that series.
    pub(super) patch: Option<String>,
    pub(super) is_pre_release: bool,
    pub(super) implementation: Implementation,
}

impl PythonRequest {
    /// A release of CPython in this series.
    pub(super) fn of_series(series: String) -> Self {
        let implementation = Implementation::CPython;
        Self { series: Some(series), patch: None, is_pre_release: false, implementation }
    }

    /// Reads one line, such as `3.12`, `3.13.0rc1`, `3.13t`, `cpython-3.12.4-linux-x86_64-gnu`,
    /// `pypy3.10-7.3.16` or `graalpy-24.0.0`. `None` if it is no version.
    pub(super) fn parse(line: &str) -> Option<Self> {
        const NAMES: [(&str, Implementation); 6] = [
            ("cpython", Implementation::CPython),
            ("python", Implementation::CPython),
            ("pypy", Implementation::PyPy),
            ("pp", Implementation::PyPy),
            ("graalpython", Implementation::GraalPy),
            ("graalpy", Implementation::GraalPy),
        ];
        let line = line.split('#').next().unwrap_or_default().trim();
        let named = NAMES
            .iter()
            .find_map(|(name, implementation)| Some((line.strip_prefix(name)?, *implementation)));
        let (rest, implementation) = named.unwrap_or((line, Implementation::CPython));
        let rest = rest.trim_start_matches(['-', '@']);
        if implementation == Implementation::GraalPy {
            // Its releases have numbers of their own.
            let of_python = rest.strip_prefix("3.").and_then(|_| Self::parse_version(rest));
            let series = of_python.and_then(|version| version.series);
            return Some(Self { series, patch: None, is_pre_release: false, implementation });
        }
        let version = Self::parse_version(rest)?;
        match implementation {
            Implementation::CPython => Some(version),
            _ => Some(Self { patch: None, is_pre_release: false, implementation, ..version }),
        }
    }

    /// Reads `X[.Y[.Z]]` with what may follow it.
    fn parse_version(text: &str) -> Option<Self> {
        let (version, variant) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
        let (major, rest) = split_number(version)?;
        if !["2", "3"].contains(&major) {
            return None;
        }
        let (minor, rest) = next_number(rest);
        let (patch, rest) = match minor {
            Some(_) => next_number(rest),
            None => (None, rest),
        };
        let (rest, has_t) = match rest.strip_suffix('t') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let pre = ["a", "b", "rc", ".dev"].iter().find_map(|kind| rest.strip_prefix(kind));
        let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if !pre.unwrap_or(rest).is_empty() && !pre.is_some_and(is_number) {
            return None;
        }
        let is_threaded = has_t || variant.starts_with("+freethreaded");
        Some(Self {
            series: Some(minor.map_or(major.to_owned(), |minor| format!("{major}.{minor}"))),
            patch: patch.map(str::to_owned),
            is_pre_release: pre.is_some() || variant == "-dev",
            implementation: match is_threaded {
                true => Implementation::FreeThreaded,
                false => Implementation::CPython,
            },
        })
    }

    /// The version for people.
    pub(super) fn text(&self) -> String {
        let name = match self.implementation {
            Implementation::CPython => "",
            Implementation::FreeThreaded => "a free-threaded ",
            Implementation::PyPy => "PyPy ",
            Implementation::GraalPy => "GraalPy ",
        };
        let patch = self.patch.as_deref().map(|patch| format!(".{patch}")).unwrap_or_default();
        let pre = if self.is_pre_release { ", a pre-release" } else { "" };
        format!("{name}{}{patch}{pre}", self.series.as_deref().unwrap_or_default())
    }
}

/// The one to three digits that a text begins with, and what follows.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (1..=3).contains(&end).then(|| text.split_at(end))
}

/// The number behind a dot, if there is one, and what follows.
fn next_number(text: &str) -> (Option<&str>, &str) {
    match text.strip_prefix('.').and_then(split_number) {
        Some((number, rest)) => (Some(number), rest),
        None => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_pyenv_and_uv_write_it() {
        for (line, wanted) in [
            ("3.12", "3.12"),
            ("  3.12.4  # ours", "3.12.4"),
            ("3", "3"),
            ("2.7.18", "2.7.18"),
            ("python3.12", "3.12"),
            ("cpython-3.12.4-linux-x86_64-gnu", "3.12.4"),
            ("cpython@3.11", "3.11"),
            ("3.13.0rc1", "3.13.0, a pre-release"),
            ("3.14.0a3", "3.14.0, a pre-release"),
            ("3.14rc", "3.14, a pre-release"),
            ("3.15-dev", "3.15, a pre-release"),
            ("3.13t", "a free-threaded 3.13"),
            ("3.14.0b1t", "a free-threaded 3.14.0, a pre-release"),
            ("3.13+freethreaded", "a free-threaded 3.13"),
            ("cpython-3.13.0+freethreaded-linux-x86_64-gnu", "a free-threaded 3.13.0"),
            ("pypy3.10-7.3.16", "PyPy 3.10"),
            ("pypy@3.10", "PyPy 3.10"),
            ("graalpy-24.0.0", "GraalPy "),
            ("graalpy3.11", "GraalPy 3.11"),
        ] {
            let request = PythonRequest::parse(line).map(|request| request.text());
            assert_eq!(request.as_deref(), Some(wanted), "{line}");
        }
        for line in ["", "#3.12", "system", "miniconda3-24.1", "3.", "3.12.", "3.12x", "1.5", "12"]
        {
            assert_eq!(PythonRequest::parse(line), None, "{line}");
        }
    }
}
