//! The settings `venv` and `skip`: which directories are hidden, and which are not searched.

use crate::error::{Error, Result};
use crate::escape::brief;
use crate::path::RelPath;
use crate::value::{MAX_PATHS, Venv};

/// The directories to hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// What the policy recognises, with these changes.
    Auto(Changes),
    /// None.
    Off,
    /// Exactly these, in the order given and without duplicates.
    Listed(Vec<RelPath>),
}

/// The user's additions to, and exceptions from, what the policy recognises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Hidden in addition, in the order given and without duplicates.
    pub(crate) also: Vec<RelPath>,
    /// Not hidden, with everything inside them.
    pub(crate) except: Vec<RelPath>,
}

impl Selection {
    /// What the policy recognises, unchanged.
    pub(crate) const AUTO: Self = Self::Auto(Changes { also: Vec::new(), except: Vec::new() });

    /// The directories that the user named to be hidden.
    pub(crate) fn named(&self) -> &[RelPath] {
        match self {
            Self::Auto(changes) => &changes.also,
            Self::Off => &[],
            Self::Listed(paths) => paths,
        }
    }
}

/// Parses the arguments of `--venv`: `none` alone, or the entries of an array.
pub(super) fn from_cli(arguments: &[String]) -> Result<Option<Selection>> {
    match arguments {
        [] => Ok(None),
        [argument] if argument == "none" => Ok(Some(Selection::Off)),
        entries => parse(Venv::Listed(entries.to_vec())).map(Some),
    }
}

/// Parses the value of `venv`, without duplicates.
pub(super) fn parse(venv: Venv) -> Result<Selection> {
    let entries = match venv {
        Venv::Auto => return Ok(Selection::AUTO),
        Venv::None => return Ok(Selection::Off),
        Venv::Listed(entries) => entries,
    };
    if entries.len() > MAX_PATHS {
        return Err(too_many_entries("venv"));
    }
    let (mut auto, mut also, mut except) = (false, Vec::new(), Vec::new());
    for entry in &entries {
        match entry.as_str() {
            "auto" => auto = true,
            "none" => {
                return Err(Error::usage("`none` in `venv` must be the only entry")
                    .hint("write ./none for a directory of that name"));
            }
            entry => {
                let (list, path) = match entry.strip_prefix('!') {
                    Some(path) => (&mut except, path),
                    None => (&mut also, entry),
                };
                let path = parse_directory("venv", path)?;
                if !list.contains(&path) {
                    list.push(path);
                }
            }
        }
    }
    refuse_contradictions(&also, &except)?;
    match (auto, except.first()) {
        (true, _) => Ok(Selection::Auto(Changes { also, except })),
        (false, None) => Ok(Selection::Listed(also)),
        (false, Some(except)) => {
            let except = brief(except.as_str());
            Err(Error::usage(format!("venv `!{except}` is an exception, but `auto` is not listed"))
                .hint("add `auto`: what it finds is hidden, except for the exceptions"))
        }
    }
}

/// Checks each entry of `skip`. Returns the normalised paths.
pub(super) fn parse_skip(entries: &[String]) -> Result<Vec<String>> {
    if entries.len() > MAX_PATHS {
        return Err(too_many_entries("skip"));
    }
    let paths = entries.iter().map(|entry| parse_directory("skip", entry));
    paths.map(|path| path.map(|path| path.to_string())).collect()
}

fn parse_directory(key: &str, text: &str) -> Result<RelPath> {
    RelPath::from_user_input(text).map_err(|fault| {
        Error::usage(format!("{key} `{}` {fault}", brief(text)))
            .hint("name a directory inside the project, such as `.venv` or `packages/api/.venv`")
    })
}

fn too_many_entries(key: &str) -> Error {
    Error::usage(format!("`{key}` has more than {MAX_PATHS} entries"))
}

/// Refuses a directory within another one, and one that is both listed and excepted.
fn refuse_contradictions(also: &[RelPath], except: &[RelPath]) -> Result<()> {
    let mut sorted: Vec<_> = also.iter().collect();
    // Sorted by component, a directory directly follows the one it lies within.
    sorted.sort_by(|a, b| a.as_path().cmp(b.as_path()));
    for pair in sorted.windows(2) {
        if pair[1].is_within(pair[0]) {
            let (inner, outer) = (brief(pair[1].as_str()), brief(pair[0].as_str()));
            let message = format!("venv `{inner}` lies within `{outer}`, which is also listed");
            let hint = format!("leave out `{inner}`: `{outer}` is empty in the container");
            return Err(Error::usage(message).hint(hint));
        }
    }
    match also.iter().find(|path| except.iter().any(|except| path.is_within(except))) {
        Some(path) => {
            let path = brief(path.as_str());
            Err(Error::usage(format!("venv `{path}` is both listed and excepted")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn describe(entries: &[&str]) -> String {
        let entries = entries.iter().map(ToString::to_string).collect();
        let join = |paths: Vec<RelPath>| {
            paths.iter().map(RelPath::to_string).collect::<Vec<_>>().join(",")
        };
        match parse(Venv::Listed(entries)) {
            Ok(Selection::Listed(paths)) => format!("listed {}", join(paths)),
            Ok(Selection::Auto(Changes { also, except })) => {
                format!("auto +{} -{}", join(also), join(except))
            }
            Ok(Selection::Off) => "off".to_owned(),
            Err(error) => error.message().to_owned(),
        }
    }

    #[test]
    fn an_array_with_auto_adds_and_excepts() {
        for (entries, wanted) in [
            (&["auto"][..], "auto + -"),
            (&["auto", "tools/env", "!.venv-docker", "!./x/"], "auto +tools/env -.venv-docker,x"),
            (&["tools/env", "auto"], "auto +tools/env -"),
            (&[".venv", ".venv/"], "listed .venv"),
            (&["./auto", "./none"], "listed auto,none"),
            (&["auto", "./auto"], "auto +auto -"),
            (&["!.venv"], "venv `!.venv` is an exception, but `auto` is not listed"),
            (&["auto", "none"], "`none` in `venv` must be the only entry"),
            (&["a", "a-b", "a/b"], "venv `a/b` lies within `a`, which is also listed"),
            (&["auto", "a/b", "!a"], "venv `a/b` is both listed and excepted"),
            (&["auto", "!../x"], "venv `../x` has an empty, `.` or `..` component"),
        ] {
            assert_eq!(describe(entries), wanted, "{entries:?}");
        }
    }

    #[test]
    fn more_than_1000_entries_are_an_error() {
        let many: Vec<_> = (0..=MAX_PATHS).map(|n| format!("d{n}")).collect();
        let entries: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(describe(&entries), "`venv` has more than 1000 entries");
        assert!(describe(&entries[1..]).starts_with("listed d1,"));
        assert_eq!(parse_skip(&many).unwrap_err().message(), "`skip` has more than 1000 entries");
    }
}
