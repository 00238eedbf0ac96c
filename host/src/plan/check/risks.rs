//! Notes about risks that remain in a plan without faults. They come from the host, so they hold
//! for every policy.

use super::{Note, Plan};
use crate::config::{BuiltinPolicy, Config, PolicySource, Selection};
use crate::escape::shown;
use crate::path::RelPath;
use crate::plan::Severity;
use crate::project_python::{self, PrimaryEnvironment};
use crate::workspace::{PathState, Workspace};

/// The usual name of a project's environment.
const VENV: &str = ".venv";

impl Plan {
    /// Adds a warning for each risk.
    pub(super) fn note_risks(&mut self, workspace: &Workspace, config: &Config) {
        self.note_divided_path();
        let finds_it = PolicySource::Builtin(BuiltinPolicy::Python);
        if matches!(config.selection, Selection::Auto(_))
            && !config.policies.iter().any(|policy| policy.source == finds_it)
        {
            self.note_visible_venv(workspace);
        }
        if let Some(what) = workspace.describe_breadth() {
            let message = format!("the project {what}: all of it is writable in the container");
            self.warn(None, &message);
        } else if let Some(what) = workspace.describe_own() {
            let message = format!(
                "the project {what}: what a command in the container writes there, paude trusts"
            );
            self.warn(None, &message);
        }
    }

    /// Finds the Python that the project means, and notes what the official image has not.
    pub(super) fn choose_python(&mut self, workspace: &Workspace, config: &Config) {
        let environment = self.primary().map(|shadow| PrimaryEnvironment {
            path: &shadow.path,
            version: shadow.python.as_deref(),
        });
        self.python = project_python::decide(workspace, environment);
        if let (None, Some((path, message))) = (&config.image, self.python.note.clone()) {
            self.notes.push(Note { severity: Severity::Info, path: Some(path), message });
        }
    }

    fn warn(&mut self, path: Option<&str>, message: &str) {
        let path = path.map(|path| shown(path).into_owned());
        self.notes.push(Note { severity: Severity::Warning, path, message: message.to_owned() });
    }

    /// A `:` would divide the path into two entries of PATH.
    fn note_divided_path(&mut self) {
        let divided = self.primary().filter(|shadow| shadow.target.divides_path());
        if let Some(path) = divided.map(|shadow| shadow.path.to_string()) {
            self.warn(Some(&path), "has `:` in its full path and is not on PATH in the container");
        }
    }

    /// A custom policy may not find the usual environment, which then stays visible.
    fn note_visible_venv(&mut self, workspace: &Workspace) {
        let Ok(path) = RelPath::parse(VENV) else { return };
        // `.venv` may be a link to an environment that is hidden under another name.
        let Ok(PathState::Directory(real)) = workspace.inspect_path(&path) else { return };
        let is_hidden = self.shadows.iter().any(|shadow| real.is_within(&shadow.path));
        if !is_hidden && workspace.find_marker(&real).is_some() {
            let message = "an environment of the host is not hidden: the policy does not find it; \
                           `--policy python` beside it does";
            self.warn(Some(VENV), message);
        }
    }
}
