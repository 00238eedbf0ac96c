//! A plan as a picture of the project, for the terminal.

use std::fmt::{self, Display, Formatter};

use unicode_width::UnicodeWidthStr as _;

use super::{Further, Note, Plan, Severity, Shadow};
use crate::escape::{shown, shown_path};
use crate::value::{Network, Storage};

impl Display for Plan {
    /// The hidden directories with the reason for each, the shared rest, and the notes.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.draw(f, false)?;
        for Further { plan, read_only, .. } in &self.further {
            plan.draw(f, *read_only)?;
        }
        let network = match self.network {
            Network::Engine => "the engine's default",
            Network::None => "none",
        };
        writeln!(f, "network: {network}")?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

impl Plan {
    /// Draws this directory alone.
    fn draw(&self, f: &mut Formatter<'_>, is_read_only: bool) -> fmt::Result {
        writeln!(f, "{}/", shown_path(self.workspace.as_path()))?;
        let names: Vec<_> =
            self.shadows.iter().map(|shadow| format!("{}/", shown(shadow.path.as_str()))).collect();
        let rest = if names.is_empty() { "everything" } else { "everything else" };
        let width = names.iter().map(|name| name.width()).max().unwrap_or(0).max(rest.len());
        for (name, shadow) in names.iter().zip(&self.shadows) {
            let pad = " ".repeat(width - name.width());
            let backing = match shadow.storage {
                Storage::Tmpfs => "empty in the container",
                Storage::Volume => "a volume in the container",
            };
            writeln!(f, "├── {name}{pad}   ←     {backing}: {shadow}")?;
        }
        let pad = " ".repeat(width - rest.len());
        match is_read_only {
            false => writeln!(f, "└── {rest}{pad}   ←──►  shared, at the same path"),
            true => writeln!(f, "└── {rest}{pad}    ──►  shared read-only, at the same path"),
        }
    }
}

impl Display for Shadow {
    /// The kind, the Python version if known, and the reason.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if let Some(python) = &self.python {
            write!(f, ", Python {python}")?;
        }
        write!(f, " ({})", self.reason)
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let prefix = match self.severity {
            Severity::Warning => "warning",
            Severity::Info => "note",
        };
        match &self.path {
            Some(path) => write!(f, "{prefix}: `{path}`: {}", self.message),
            None => write!(f, "{prefix}: {}", self.message),
        }
    }
}
