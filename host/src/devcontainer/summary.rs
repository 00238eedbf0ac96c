//! What a file that is there and not used would give.

use crate::value::DevcontainerChoice;
use crate::workspace::Workspace;

use super::settings::Settings;

/// The message about a file that no setting uses.
#[derive(Debug)]
pub(crate) struct Unused {
    /// What it gives and what not.
    pub(crate) message: String,
    /// What to do.
    pub(crate) advice: String,
}

impl Unused {
    /// Looks for a file that could be used. One that cannot be read is reported as such.
    pub(crate) fn find(workspace: &Workspace) -> Option<Self> {
        match super::load(&DevcontainerChoice::Search, workspace) {
            Ok(settings) => settings.map(|settings| Self::new(&settings)),
            Err(error) => Some(Self {
                message: format!("a devcontainer.json is there and not used: {}", error.message()),
                advice: error.hints().join("; "),
            }),
        }
    }

    fn new(settings: &Settings) -> Self {
        let message = format!("`{}` is there and not used: {}", settings.file, settings.summary());
        Self { message, advice: "--devcontainer uses it".to_owned() }
    }
}

impl Settings {
    /// What the file gives and what not, as half a sentence.
    pub(crate) fn summary(&self) -> String {
        let gives = [
            ("image", self.image.is_some()),
            ("env", !self.env.is_empty() || !self.late_env.is_empty()),
            ("setup", self.setup.is_some()),
            ("venv", !self.hidden.is_empty()),
        ];
        let gives = gives.into_iter().filter_map(|(key, given)| given.then_some(key));
        let gives: Vec<_> = gives.collect();
        let mut lacks = self.left_out();
        if self.build.is_some() {
            lacks.push("build");
        }
        if self.is_compose {
            lacks.push("dockerComposeFile");
        }
        let list = |keys: &[&str]| match keys {
            [] => "nothing".to_owned(),
            keys => keys.join(", "),
        };
        match lacks.is_empty() {
            true => format!("it gives {}", list(&gives)),
            false => format!("it gives {}, not {}", list(&gives), list(&lacks)),
        }
    }
}
