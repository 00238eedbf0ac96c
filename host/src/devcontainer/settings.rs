//! The settings that a file gives, with the variables substituted.

use super::build::Build;
use super::commands;
use super::document::DevcontainerFile;
use super::env::{Env, LateVariable};
use super::mounts::Mounts;
use super::variables::Variables;
use super::warnings::{self, KeyWarning};
use crate::error::{Error, Result};
use crate::escape::shown;
use crate::path::RelPath;
use crate::value::{EnvName, Image, Storage};
use crate::workspace::Workspace;

/// What a run takes from the file. Keys of `paude.json` win over these.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file's escaped name, for messages.
    pub(crate) file: String,
    pub(crate) image: Option<Image>,
    /// The image to build, if the file names a Dockerfile.
    pub(crate) build: Option<Build>,
    /// Whether the file leaves the choice of an image to a Compose file.
    pub(crate) is_compose: bool,
    pub(crate) env: Vec<(EnvName, String)>,
    pub(crate) late_env: Vec<LateVariable>,
    pub(crate) setup: Option<String>,
    /// Directories to hide in addition to those that are recognised.
    pub(crate) hidden: Vec<RelPath>,
    pub(crate) storage: Option<Storage>,
    /// What the file asks for in vain, each with its key.
    left_out: Vec<KeyWarning>,
}

impl Settings {
    /// Takes the settings from a file at this path of the project. Fails for a value that is
    /// invalid, and for a path that leads out of the project.
    pub(super) fn new(
        file: &RelPath,
        document: DevcontainerFile,
        workspace: &Workspace,
    ) -> Result<Self> {
        let mut variables = Variables::new(file, workspace)?;
        let vars = &mut variables;
        let folder = document.workspace_folder.as_deref();
        let folder =
            folder.map(|text| vars.substitute_plain(text, "workspaceFolder")).transpose()?;
        let mut left_out = warnings::left_out(&document, vars.workspace(), folder.as_deref());
        let commands = [
            ("onCreateCommand", document.on_create_command.as_ref()),
            ("updateContentCommand", document.update_content_command.as_ref()),
            ("postCreateCommand", document.post_create_command.as_ref()),
        ];
        let setup = commands::setup(commands, vars)?;
        let mounts = document.mounts.unwrap_or_default();
        let mounts = Mounts::new(&mounts, folder.as_deref(), vars)?;
        let legacy = [document.docker_file, document.context];
        let build = Build::new(document.build, legacy, file, vars)?;
        let image = match (&build, document.image) {
            (None, Some(image)) => Some(parse_image(file, &image, vars)?),
            _ => None,
        };
        let env = Env::new(document.container_env, document.remote_env, vars)?;
        left_out.extend(env.warnings);
        left_out.extend(mounts.warnings.into_iter().map(|warning| ("mounts", warning)));
        left_out.extend(variables.warnings().map(|warning| ("localEnv", warning)));
        Ok(Self {
            file: shown(file.as_str()).into_owned(),
            image,
            build,
            is_compose: warnings::is_asked(&document.docker_compose_file),
            env: env.known,
            late_env: env.late,
            setup,
            hidden: mounts.hidden,
            storage: mounts.storage,
            left_out,
        })
    }

    /// The warnings, each with the file's name.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.left_out.iter().map(|(_, text)| format!("{}: {text}", self.file))
    }

    /// The keys that are left out, each once.
    pub(crate) fn left_out(&self) -> Vec<&'static str> {
        let mut keys: Vec<_> = self.left_out.iter().map(|(key, _)| *key).collect();
        keys.dedup();
        keys
    }

    /// The error for a file whose image is in a Compose file.
    pub(crate) fn compose_error(&self) -> Error {
        let message = format!("{}: `dockerComposeFile` is not supported", self.file);
        Error::usage(message).hint("name the image of the service: --image IMAGE")
    }
}

fn parse_image(file: &RelPath, text: &str, variables: &mut Variables) -> Result<Image> {
    let text = variables.substitute_plain(text, "image")?;
    Image::try_from(text)
        .map_err(|fault| Error::usage(format!("{}: `image`: {fault}", shown(file.as_str()))))
}
