//! A plan as a picture, for people.

use std::fmt::{self, Display, Formatter};

use unicode_width::UnicodeWidthStr as _;

use super::{Note, Plan, Shadow};
use crate::escape::{shown, shown_path};
use crate::value::Storage;

impl Display for Plan {
    /// What is shared, what is empty, and why. Foreign text is escaped.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}/", shown_path(self.workspace.as_path()))?;
        let names: Vec<_> =
            self.shadows.iter().map(|shadow| format!("{}/", shown(shadow.path.as_str()))).collect();
        let rest = if names.is_empty() { "everything" } else { "everything else" };
        let width = names.iter().map(|name| name.width()).max().unwrap_or(0).max(rest.len());
        for (name, shadow) in names.iter().zip(&self.shadows) {
            let pad = " ".repeat(width - name.width());
            let there = match shadow.storage {
                Storage::Tmpfs => "empty in the container",
                Storage::Volume => "a volume in the container",
            };
            writeln!(f, "├── {name}{pad}   ←     {there}: {shadow}")?;
        }
        let pad = " ".repeat(width - rest.len());
        writeln!(f, "└── {rest}{pad}   ←──►  shared, at the same path")?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

impl Display for Shadow {
    /// Its evidence in a few words.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(python) = &self.python {
            write!(f, ", Python {python}")?;
        }
        write!(f, " ({})", self.reason)
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = if self.warning { "warning" } else { "note" };
        match &self.path {
            Some(path) => write!(f, "{word}: `{path}`: {}", self.message),
            None => write!(f, "{word}: {}", self.message),
        }
    }
}
