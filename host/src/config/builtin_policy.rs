//! The policies inside this program, by name.

use crate::value::{Storage, StorageChoice};

/// A policy of the built-in component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltinPolicy {
    /// Python environments; it decides if no policy is named.
    Python,
    /// Packages of Node.js.
    Node,
    /// What cargo builds.
    Rust,
}

impl BuiltinPolicy {
    /// Every built-in policy.
    pub(crate) const ALL: [Self; 3] = [Self::Python, Self::Node, Self::Rust];

    /// Its name in options and settings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Node => "node",
            Self::Rust => "rust",
        }
    }

    /// What it hides, for `paude policy list`.
    pub(crate) const fn summary(self) -> &'static str {
        match self {
            Self::Python => {
                "environments by their marker, `.venv`, and the directories of tox, nox, hatch, pixi and pdm"
            }
            Self::Node => "`node_modules`, `.yarn/unplugged` and `.pnpm-store`",
            Self::Rust => "`target` beside Cargo.toml, or what `build.target-dir` names",
        }
    }

    /// What takes the place of a directory that it found.
    pub(crate) fn storage(self, choice: StorageChoice) -> Storage {
        choice.or_default(match self {
            Self::Python => choice.python,
            Self::Node => choice.node,
            Self::Rust => choice.rust,
        })
    }

    /// The policy of this name; `builtin` is another name of `python`. A file that is called so
    /// is written `./NAME`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let name = if name == "builtin" { "python" } else { name };
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_storage_by_its_name() {
        for policy in BuiltinPolicy::ALL {
            let text = format!("{{\"default\": \"tmpfs\", \"{}\": \"volume\"}}", policy.name());
            let choice = serde_json::from_str(&text).unwrap();
            for other in BuiltinPolicy::ALL {
                let wanted = if other == policy { Storage::Volume } else { Storage::Tmpfs };
                assert_eq!(other.storage(choice), wanted, "{text}");
            }
            assert!(StorageChoice::KEYS.contains(&policy.name()));
        }
        assert_eq!(StorageChoice::KEYS.len(), BuiltinPolicy::ALL.len() + 1);
    }
}
