//! The type of `paude.json` and of the user's `config.json`, which have the same keys.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::engine::EngineChoice;
use crate::value::{
    BuildConsent, BuildSetting, Depth, DevcontainerChoice, EnvName, Image, Network, PackageName,
    Policies, Seconds, Size, StorageChoice, UserIds, Venv,
};

/// Which of the two files a [`SettingsFile`] is.
pub(super) trait Origin: Default {
    /// Whether the file may set a [`Grant`].
    const MAY_GRANT: bool;
}

/// `paude.json`, which comes with the repository and is untrusted.
#[derive(Debug, Default)]
pub(super) struct ProjectFile;

/// `config.json`, which the user wrote.
#[derive(Debug, Default)]
pub(super) struct UserFile;

impl Origin for ProjectFile {
    const MAY_GRANT: bool = false;
}

impl Origin for UserFile {
    const MAY_GRANT: bool = true;
}

/// How paude runs this project in a container.
// One field for each key: its name, its type, its description in the JSON Schema and, by
// `Grant`, that a project may not set it. `every_key_is_known_everywhere` in `tests.rs` checks
// what is written elsewhere about a key.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "O: Origin", expecting = "an object of settings")]
#[schemars(title = "paude.json", rename = "paude.json", bound = "O: Origin")]
pub(super) struct SettingsFile<O> {
    /// Schema for editors; paude does not use it.
    #[serde(rename = "$schema")]
    schema: Option<String>,
    /// Which directories are hidden behind an empty one: "auto" (environments are recognised),
    /// "none", or an array of directories inside the project. If "auto" is in the array, the
    /// others are hidden in addition, and an entry "!DIR" excludes a directory.
    pub(super) venv: Option<Venv>,
    /// How many directories deep environments are looked for. Default: no bound.
    pub(super) depth: Option<Depth>,
    /// Directories in which environments are not looked for: a name applies everywhere, a path
    /// with "/" to that directory alone.
    pub(super) skip: Option<Vec<String>>,
    /// Run by /bin/sh in the container before the command or shell.
    pub(super) setup: Option<String>,
    /// The container image; "base" is another name for this key. Default: the official
    /// image of the Python that the project means.
    #[serde(alias = "base")]
    pub(super) image: Option<Image>,
    /// The image is built from a Dockerfile of the project, in place of "image".
    #[serde(deserialize_with = "object_only")]
    pub(super) build: Option<BuildSetting>,
    /// System packages that are installed over the image, with apt, dnf or apk.
    pub(super) packages: Option<Vec<PackageName>>,
    /// Variables of the container.
    pub(super) env: Option<BTreeMap<EnvName, String>>,
    /// Size limit of each empty directory: bytes, or a string such as "2g".
    pub(super) size: Option<Size>,
    /// What is mounted over each hidden directory: "tmpfs" (memory, gone with the container) or
    /// "volume" (kept for the next run; the setup runs again when its inputs change); or an object
    /// with one of them for what each of the policies "python", "node" and "rust" finds, and for
    /// all else as "default".
    pub(super) storage: Option<StorageChoice>,
    /// Whether what uv, pip, poetry, pdm and npm download is kept for the next setup. Default: with
    /// "storage": "volume".
    pub(super) cache: Option<bool>,
    /// Whether image, variables and setup are taken from the project's devcontainer.json, and from
    /// which: true for the one in the usual places, or a path in the project. Other keys of this
    /// file win over it.
    pub(super) devcontainer: Option<DevcontainerChoice>,
    /// The policies that decide what is hidden: a component in the project, a built-in one
    /// ("python", "node" or "rust"), or an
    /// array of these, whose findings are merged. An object with "path" and "sha256" accepts
    /// only a file with that hash.
    pub(super) policy: Option<Policies>,
    /// What the container can reach: "engine" (what the engine gives it) or "none". A project can
    /// only take the network away.
    pub(super) network: Option<Network>,
    /// The engine that runs the container.
    #[schemars(skip)]
    pub(super) engine: Grant<EngineChoice, O>,
    /// Further arguments of podman or docker.
    #[schemars(skip)]
    pub(super) engine_args: Grant<Vec<String>, O>,
    /// The user that the container runs as.
    #[schemars(skip)]
    pub(super) user: Grant<UserIds, O>,
    /// The wall time that each policy has.
    #[schemars(skip)]
    pub(super) policy_timeout: Grant<Seconds, O>,
    /// Directories that are shared besides the project, each as `DIR`, `DIR:ro` or `DIR:rw`.
    #[schemars(skip)]
    pub(super) with: Grant<Vec<String>, O>,
    /// Whether the git directory of a worktree or submodule is shared.
    #[schemars(skip)]
    pub(super) with_git: Grant<bool, O>,
    /// Whether the engine may build what comes with a project.
    #[schemars(skip)]
    pub(super) builds: Grant<BuildConsent, O>,
    #[schemars(skip)]
    pip_install: Ignored,
    #[schemars(skip)]
    create: Ignored,
    #[schemars(skip)]
    #[serde(rename = "secretEnv")]
    secret_env: Ignored,
}

impl<O> SettingsFile<O> {
    /// The keys in the file that only the original Python program had, each with what takes its
    /// place; an empty string if nothing does.
    pub(super) fn ignored_keys(&self) -> Vec<(&'static str, &'static str)> {
        [
            ("pip_install", "`setup` installs, such as `pip install -e .`", &self.pip_install),
            ("create", "`engine_args` in your own config.json has engine options", &self.create),
            ("secretEnv", "`-e NAME` passes a variable of yours on", &self.secret_env),
        ]
        .into_iter()
        .filter_map(|(key, instead, Ignored(present))| present.then_some((key, instead)))
        .collect()
    }
}

/// A `T` that is read from an object only. The derived reader would also accept an array, whose
/// values have no keys to check.
pub(super) struct ObjectOnly<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectOnly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = ObjectOnly<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of settings")
            }
            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<ObjectOnly<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object)).map(ObjectOnly)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// Reads an object, or null, and nothing else.
fn object_only<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let object = Option::<ObjectOnly<T>>::deserialize(deserializer)?;
    Ok(object.map(|ObjectOnly(object)| object))
}

/// A setting that only the user may set; in `paude.json` it is an error.
#[derive(Debug)]
pub(super) struct Grant<T, O>(pub(super) Option<T>, PhantomData<O>);

impl<T, O> Default for Grant<T, O> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<'de, T: Deserialize<'de>, O: Origin> Deserialize<'de> for Grant<T, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if O::MAY_GRANT {
            return T::deserialize(deserializer).map(|value| Self(Some(value), PhantomData));
        }
        Err(D::Error::custom(
            "a project may not set this: it is for your command line or your own config.json",
        ))
    }
}

/// A key whose value is ignored. Holds whether it is present.
#[derive(Debug, Default)]
struct Ignored(bool);

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// The JSON Schema of `paude.json`, derived from [`SettingsFile`].
pub(crate) fn schema() -> schemars::Schema {
    let mut schema = schemars::schema_for!(SettingsFile<ProjectFile>);
    // schemars adds "default": null to each, which is not a value of the key.
    let properties = schema.get_mut("properties").and_then(|value| value.as_object_mut());
    for property in properties.into_iter().flat_map(|object| object.values_mut()) {
        property.as_object_mut().map(|object| object.remove("default"));
    }
    schema
}
