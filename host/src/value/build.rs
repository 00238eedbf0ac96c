//! The settings `build`, `packages` and `builds`: images that are built from the project.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EnvName;

/// The setting `build`: the image is built from a Dockerfile of the project. The paths lie in the
/// project and are not checked yet. `devcontainer.json` has the same four.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "an object with `dockerfile`")]
pub(crate) struct BuildSetting {
    /// The file with the instructions, relative to the project. Default: "Dockerfile".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dockerfile: Option<String>,
    /// The directory that COPY and ADD see, relative to the project. Default: the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<String>,
    /// Values of the ARG instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<BTreeMap<EnvName, String>>,
    /// The stage that is built. Default: the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
}

/// The setting `builds`: whether an engine may run instructions that come with a project.
// The comments of the variants are help texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BuildConsent {
    /// Ask on a terminal, and remember the answer for the same instructions; refuse elsewhere
    #[default]
    Ask,
    /// Build without asking
    Allow,
    /// Build nothing
    Never,
}

/// The maximum number of entries of `packages`.
pub(crate) const MAX_PACKAGES: usize = 500;
