//! The settings that a devcontainer.json gives, between those of `paude.json` and the user's.

use std::collections::BTreeMap;

use crate::devcontainer::{self, Build, LateVariable, Settings};
use crate::error::{Error, Result};
use crate::escape::brief;
use crate::value::{BuildSetting, DevcontainerChoice, EnvName, Image, Storage, Venv};
use crate::workspace::Workspace;

/// What a file gives; nothing if none is used.
#[derive(Debug, Default)]
pub(super) struct Devcontainer {
    pub(super) image: ImageSource,
    pub(super) setup: Option<String>,
    pub(super) env: BTreeMap<EnvName, String>,
    late_env: Vec<LateVariable>,
    hidden: Vec<String>,
    pub(super) storage: Option<Storage>,
    pub(super) warnings: Vec<String>,
    /// Whether no setting says if a file is used.
    pub(super) may_suggest: bool,
}

/// Where the file has the image from.
#[derive(Debug, Default)]
pub(super) enum ImageSource {
    #[default]
    Unnamed,
    Image(Image),
    Build(Build),
    /// A Compose file, with the error of a run that names no image.
    Compose(Error),
}

impl Devcontainer {
    /// Reads the file that the first of these settings chooses: of the command line, of
    /// `paude.json`, of the user. One that only the user's file asks for may be missing.
    pub(super) fn load(
        choices: [&Option<DevcontainerChoice>; 3],
        workspace: &Workspace,
    ) -> Result<Self> {
        let Some(index) = choices.iter().position(|choice| choice.is_some()) else {
            return Ok(Self { may_suggest: true, ..Self::default() });
        };
        let is_default = index == 2;
        let Some(choice) = choices[index] else { return Ok(Self::default()) };
        match devcontainer::load(choice, workspace)? {
            Some(settings) => Ok(settings.into()),
            None if is_default || *choice == DevcontainerChoice::Off => Ok(Self::default()),
            None => Err(devcontainer::missing_error(choice)),
        }
    }

    /// The setting `venv`.
    pub(super) fn venv(&self) -> Option<Venv> {
        let entries = std::iter::once("auto").chain(self.hidden.iter().map(String::as_str));
        let entries = entries.map(str::to_owned).collect();
        (!self.hidden.is_empty()).then_some(Venv::Listed(entries))
    }

    /// The shell text for the variables that only the container knows, but for those that
    /// `paude.json` or the command line sets.
    pub(super) fn variables(
        &self,
        project: Option<&BTreeMap<EnvName, String>>,
        typed: &[(String, String)],
    ) -> String {
        let is_set = |name: &EnvName| {
            project.is_some_and(|env| env.contains_key(name))
                || typed.iter().any(|(typed, _)| typed == name.as_ref())
        };
        let late = self.late_env.iter().filter(|variable| !is_set(&variable.name));
        devcontainer::script(&late.cloned().collect::<Vec<_>>())
    }
}

impl From<Settings> for Devcontainer {
    fn from(settings: Settings) -> Self {
        let warnings = settings.warnings().collect();
        let image = if settings.is_compose {
            ImageSource::Compose(settings.compose_error())
        } else if let Some(build) = settings.build {
            ImageSource::Build(build)
        } else {
            settings.image.map_or(ImageSource::Unnamed, ImageSource::Image)
        };
        Self {
            image,
            setup: settings.setup,
            env: settings.env.into_iter().collect(),
            late_env: settings.late_env,
            // A directory may be called `auto` or begin with `!`.
            hidden: settings.hidden.iter().map(|path| format!("./{path}")).collect(),
            storage: settings.storage,
            warnings,
            may_suggest: false,
        }
    }
}

impl ImageSource {
    /// The image, or the one to build, where neither command line nor `paude.json` names one.
    /// Fails for a Compose file.
    pub(super) fn choose(
        self,
        user: (Option<Image>, Option<BuildSetting>),
    ) -> Result<(Option<Image>, Option<BuildSetting>)> {
        match self {
            Self::Unnamed => Ok(user),
            Self::Image(image) => Ok((Some(image), None)),
            Self::Build(build) => Ok((None, Some(setting(build)?))),
            Self::Compose(error) => Err(error),
        }
    }
}

/// What the file says of a build, as the setting `build` would.
fn setting(build: Build) -> Result<BuildSetting> {
    let args = build.args.into_iter().map(|(name, value)| {
        let fail = |fault| Error::usage(format!("build argument `{}`: {fault}", brief(&name)));
        Ok((EnvName::try_from(name.clone()).map_err(fail)?, value))
    });
    Ok(BuildSetting {
        dockerfile: Some(build.dockerfile.to_string()),
        context: build.context.map(|context| context.to_string()),
        args: Some(args.collect::<Result<_>>()?),
        target: build.target,
    })
}
