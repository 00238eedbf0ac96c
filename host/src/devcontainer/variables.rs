//! The variables of the file, `${NAME}` and `${NAME:ARGUMENT..}`:
//! <https://containers.dev/implementors/json_reference/#variables-in-devcontainerjson>.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::escape::{brief, shown};
use crate::path::RelPath;
use crate::value::{EnvName, Sha256};
use crate::workspace::Workspace;

/// The most bytes that all texts of a file have after substitution. Each variable is an argument of
/// some program in the end, which can take far less.
const MAX_BYTES: usize = 4 << 20;

/// A text after substitution. What depends on the container's variables is left for a shell there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A variable of the container, and its value if it is not set, which needs no quoting.
    Variable {
        name: EnvName,
        default: String,
    },
}

impl Template {
    fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.0.push(Piece::Text(text.to_owned())),
        }
    }

    /// The text, if no variable of the container is in it.
    pub(super) fn plain(&self) -> Option<String> {
        match &self.0[..] {
            [] => Some(String::new()),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// The variables of the container in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &EnvName> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Variable { name, .. } => Some(name),
        })
    }

    /// The number of bytes of the text and of what stands for variables.
    fn len(&self) -> usize {
        let len = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Variable { name, default } => name.as_ref().len() + default.len(),
        };
        self.0.iter().map(len).sum()
    }

    /// The template with the variables that are known here replaced by their values.
    pub(super) fn with_known(
        &self,
        known: &BTreeMap<EnvName, Option<Self>>,
        variables: &mut Variables,
    ) -> Result<Self> {
        let mut all = Self::default();
        for piece in &self.0 {
            if let Piece::Variable { name, .. } = piece {
                let value = known.get(name).and_then(Option::as_ref);
                variables.charge(value.map_or(0, Self::len))?;
            }
            match piece {
                Piece::Text(text) => all.push_text(text),
                Piece::Variable { name, default } => match known.get(name) {
                    None => all.0.push(piece.clone()),
                    Some(None) => all.push_text(default),
                    Some(Some(value)) => value.0.iter().for_each(|piece| match piece {
                        Piece::Text(text) => all.push_text(text),
                        Piece::Variable { .. } => all.0.push(piece.clone()),
                    }),
                },
            }
        }
        Ok(all)
    }

    /// One word of a shell's command line.
    pub(super) fn word(&self) -> String {
        if self.0.is_empty() {
            return "''".to_owned();
        }
        let piece = |piece: &Piece| match piece {
            // The only error is a NUL, which `Variables::substitute` refuses.
            Piece::Text(text) => shlex::try_quote(text).unwrap_or_default().into_owned(),
            Piece::Variable { name, default } => format!("\"${{{}-{default}}}\"", name.as_ref()),
        };
        self.0.iter().map(piece).collect()
    }

    /// The text as a part of a shell script, in which it was written.
    pub(super) fn script(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable { name, default } => format!("${{{}-{default}}}", name.as_ref()),
        };
        self.0.iter().map(piece).collect()
    }
}

/// The values of the variables, and which variables of the host were asked for.
pub(super) struct Variables {
    workspace: String,
    basename: String,
    id: String,
    /// How many bytes may still be made.
    budget: usize,
    /// The variables of the host without a default, each with the first place that names it.
    pub(super) withheld: BTreeMap<String, String>,
}

impl Variables {
    /// The values for this file of this project. Fails for a project whose path is not UTF-8.
    pub(super) fn new(file: &RelPath, workspace: &Workspace) -> Result<Self> {
        let path = |path: &std::path::Path| path.to_str().map(str::to_owned);
        let folder = path(workspace.path().as_path());
        let config = path(workspace.path().join(file).as_path());
        let (Some(folder), Some(config)) = (folder, config) else {
            return Err(Error::usage("devcontainer.json needs a project whose path is UTF-8"));
        };
        Ok(Self {
            basename: folder.rsplit('/').next().unwrap_or_default().to_owned(),
            id: devcontainer_id(&folder, &config),
            workspace: folder,
            budget: MAX_BYTES,
            withheld: BTreeMap::new(),
        })
    }

    /// The project's path, on the host and in the container.
    pub(super) fn workspace(&self) -> &str {
        &self.workspace
    }

    /// The name of the project's directory.
    pub(super) fn basename(&self) -> &str {
        &self.basename
    }

    /// Fails if so many further bytes are too many.
    fn charge(&mut self, bytes: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(|| {
            let mib = MAX_BYTES >> 20;
            Error::usage(format!(
                "devcontainer.json: its variables make more than {mib} MiB of text"
            ))
        })?;
        Ok(())
    }

    /// Substitutes the variables in a value; `place` is the option or key that would set it.
    pub(super) fn substitute(&mut self, text: &str, place: &str) -> Result<Template> {
        if text.contains('\0') {
            let place = brief(place.trim_start_matches("env "));
            let message = format!("devcontainer.json: `{place}` holds a NUL");
            return Err(Error::usage(message + ", which no program can take"));
        }
        let mut template = Template::default();
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("${") {
            template.push_text(before);
            let Some((inner, after)) = tail.split_once('}') else {
                template.push_text("${");
                rest = tail;
                break;
            };
            self.charge(inner.len() + self.workspace.len())?;
            self.substitute_one(inner, place, &mut template);
            rest = after;
        }
        template.push_text(rest);
        Ok(template)
    }

    /// Substitutes into a value that has to be known before the container runs.
    pub(super) fn substitute_plain(&mut self, text: &str, place: &str) -> Result<String> {
        self.substitute(text, place)?.plain().ok_or_else(|| {
            Error::usage(format!(
                "devcontainer.json: `{place}` cannot depend on a variable of the container"
            ))
        })
    }

    /// Substitutes what stands between `${` and `}`; an unknown variable stays as it is.
    fn substitute_one(&mut self, inner: &str, place: &str, template: &mut Template) {
        let mut parts = inner.split(':');
        let kind = parts.next().unwrap_or_default();
        let (name, default) = (parts.next(), parts.next());
        match (kind, name) {
            ("localWorkspaceFolder" | "containerWorkspaceFolder", _) => {
                template.push_text(&self.workspace);
            }
            ("localWorkspaceFolderBasename" | "containerWorkspaceFolderBasename", _) => {
                template.push_text(&self.basename);
            }
            ("devcontainerId", _) => template.push_text(&self.id),
            ("localEnv" | "env", Some(name)) => match default {
                Some(default) => template.push_text(default),
                None => {
                    self.withheld.entry(name.to_owned()).or_insert_with(|| place.to_owned());
                }
            },
            ("containerEnv", Some(name)) => {
                let default = default.unwrap_or_default();
                match EnvName::try_from(name.to_owned()) {
                    Ok(name) if needs_no_quoting(default) => {
                        let default = default.to_owned();
                        template.0.push(Piece::Variable { name, default });
                    }
                    _ => template.push_text(&format!("${{{inner}}}")),
                }
            }
            _ => template.push_text(&format!("${{{inner}}}")),
        }
    }

    /// A warning for each variable of the host that was asked for.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        self.withheld.iter().map(|(name, place)| {
            let option = match place.strip_prefix("env ") {
                Some(key) if key != name => format!("{key}=\"${name}\""),
                _ => name.clone(),
            };
            format!(
                "`${{localEnv:{}}}` is empty, because the file gets no variable of yours; \
                 `-e {}` passes it on",
                brief(name),
                shown(&option)
            )
        })
    }
}

/// Whether a text is the same within and without quotes of a shell.
fn needs_no_quoting(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_./:,@+=-".contains(c))
}

/// `${devcontainerId}` as the reference implementation computes it: the SHA-256 of the labels
/// that identify a container, as JSON with sorted keys, in 52 digits of base 32.
fn devcontainer_id(folder: &str, config: &str) -> String {
    let labels = BTreeMap::from([
        ("devcontainer.config_file", config),
        ("devcontainer.local_folder", folder),
    ]);
    let json = serde_json::to_string(&labels).unwrap_or_default();
    let hash = Sha256::of(json.as_bytes());
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    // Five bits each, the last digit from the lowest bits.
    let bit = |n: usize| usize::from(hash.bytes()[31 - n / 8] >> (n % 8) & 1);
    let digit = |at: usize| {
        let bits = (0..5).filter(|n| at * 5 + n < 256);
        bits.map(|n| bit(at * 5 + n) << n).sum::<usize>()
    };
    (0..52).rev().map(|at| char::from(DIGITS[digit(at)])).collect()
}

#[cfg(test)]
mod tests {
    use super::devcontainer_id;

    #[test]
    fn the_id_is_the_one_of_the_reference_implementation() {
        let folder = "/home/you/shop";
        let id = devcontainer_id(folder, &format!("{folder}/.devcontainer/devcontainer.json"));
        assert_eq!(id, "10rv9a0n4b8oq3p23vfsvrfa8ak05e7am4kaulst7gqkd81f99j4");
    }
}
