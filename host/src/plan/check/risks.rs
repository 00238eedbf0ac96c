//! What stays at risk although every mount is as it should be.

use super::{Note, Plan};
use crate::config::{Config, Selection};
use crate::escape::shown;
use crate::path::RelPath;
use crate::plan::NAMES;
use crate::workspace::{Place, Workspace};

/// What tells that a directory holds a project in Python.
const PROJECT: [&str; 7] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "uv.lock",
    "environment.yml",
];

impl Plan {
    /// Tells it in notes. These are the host's own words: they hold whichever policy decides.
    pub(super) fn tell_risks(&mut self, workspace: &Workspace, config: &Config) {
        self.tell_divided();
        match config.selection {
            Selection::Auto => self.tell_unmade(workspace),
            Selection::Listed(_) => self.tell_unlisted(workspace),
            Selection::Off => {}
        }
    }

    fn warn(&mut self, path: Option<&str>, message: &str) {
        let path = path.map(|path| shown(path).into_owned());
        self.notes.push(Note { warning: true, path, message: message.to_owned() });
    }

    /// What of the plan a container's PATH cannot express.
    fn tell_divided(&mut self) {
        let divided = self.primary().filter(|shadow| shadow.target.divides_path());
        if let Some(path) = divided.map(|shadow| shadow.path.to_string()) {
            self.warn(Some(&path), "has `:` in its full path and is not on PATH in the container");
        }
    }

    /// The first environment of a project is not there to be found.
    fn tell_unmade(&mut self, workspace: &Workspace) {
        let python = PROJECT.iter().any(|name| workspace.has_file(name));
        if python && self.shadows.is_empty() && !workspace.has_entry(NAMES[0]) {
            let message = "this Python project has no environment yet: one that is made in the \
                           container lands on this machine; `--venv .venv` keeps it off";
            self.warn(None, message);
        }
    }

    /// A list hides what it names and nothing else.
    fn tell_unlisted(&mut self, workspace: &Workspace) {
        for path in NAMES.iter().filter_map(|name| RelPath::parse(name).ok()) {
            // Where a link leads may be hidden under another name.
            let Ok(Place::Directory(real)) = workspace.place(&path) else { continue };
            let hidden = self.shadows.iter().any(|shadow| real.is_within(&shadow.path));
            if !hidden && workspace.marker(&real).is_some() {
                let message = "an environment of the host is not hidden: it is not listed";
                self.warn(Some(path.as_str()), message);
            }
        }
    }
}
