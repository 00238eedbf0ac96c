//! What the image is: one that a setting names, or one that is built from the project.

use super::devcontainer::ImageSource;
use super::settings_file::SettingsFile;
use crate::cli::ProjectArgs;
use crate::error::{Error, Result};
use crate::value::{BuildConsent, BuildSetting, Image, MAX_PACKAGES, PackageName};

/// The settings of images that are built.
#[derive(Debug, Default)]
pub(crate) struct BuildConfig {
    /// The Dockerfile to build from, in place of an image.
    pub(crate) dockerfile: Option<BuildSetting>,
    /// The packages to install over the image.
    pub(crate) packages: Vec<PackageName>,
    /// Whether the user's own file names the packages, and the project no image to install them
    /// over: what an image runs during a build comes with it.
    pub(crate) own_packages: bool,
    /// Whether building is allowed.
    pub(crate) consent: BuildConsent,
    /// Whether to build again, without the engine's cache.
    pub(crate) rebuild: bool,
    /// Whether to build again, over the newest images of the registries.
    pub(crate) pull: bool,
}

impl BuildConfig {
    /// Whether anything is to be built.
    pub(crate) fn is_wanted(&self) -> bool {
        self.dockerfile.is_some() || !self.packages.is_empty()
    }
}

/// Chooses between `image` and `build`: those of the command line win over those of the project
/// and of its devcontainer.json, which win over the user's. Removes them from the files, with `packages`.
pub(super) fn choose<P, U>(
    cli: &ProjectArgs,
    project_file: &mut SettingsFile<P>,
    devcontainer: ImageSource,
    user_file: &mut SettingsFile<U>,
) -> Result<(Option<Image>, BuildConfig)> {
    let named = cli.image.clone().map(|image| (Some(image), None));
    let of_project = image_or_build("paude.json", project_file)?;
    let of_user = image_or_build("config.json", user_file)?.unwrap_or_default();
    let own_image = of_user.0.clone();
    let (is_named, is_of_project) = (named.is_some(), of_project.is_some());
    let (image, dockerfile) = match named.or(of_project) {
        Some(chosen) => chosen,
        None => devcontainer.choose(of_user)?,
    };
    let has_own_image = is_named || !is_of_project && dockerfile.is_none() && image == own_image;
    let of_project = project_file.packages.take();
    let own_packages = of_project.is_none() && has_own_image;
    let packages = of_project.or(user_file.packages.take()).unwrap_or_default();
    if packages.len() > MAX_PACKAGES {
        let message = format!("`packages` has more than {MAX_PACKAGES} entries");
        return Err(Error::usage(message).hint("build an image that has them: `build`"));
    }
    let consent = cli.builds.or(user_file.builds.0).unwrap_or_default();
    let (rebuild, pull) = (cli.rebuild, cli.pull);
    let builds = match cli.no_build {
        true => BuildConfig::default(),
        false => BuildConfig { dockerfile, packages, own_packages, consent, rebuild, pull },
    };
    Ok((image, builds))
}

/// The one of `image` and `build` that a file has.
fn image_or_build<O>(
    name: &str,
    file: &mut SettingsFile<O>,
) -> Result<Option<(Option<Image>, Option<BuildSetting>)>> {
    match (file.image.take(), file.build.take()) {
        (Some(_), Some(_)) => {
            Err(Error::usage(format!("{name}: `image` and `build` exclude one another"))
                .hint("FROM in the Dockerfile names the image to build over"))
        }
        (None, None) => Ok(None),
        pair => Ok(Some(pair)),
    }
}
