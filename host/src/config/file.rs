//! `paude.json` and the person's `config.json`: one shape, two origins.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::value::{Depth, EngineChoice, EnvName, Image, Policies, Seconds, Size, Storage, Venv};

/// Whose file it is.
pub(super) trait Origin: Default {
    /// Whether the file may grant what is beyond the project.
    const GRANTS: bool;
}

/// `paude.json`: it comes with the repository and is foreign.
#[derive(Debug, Default)]
pub(super) struct Repository;

/// The person's own `config.json`.
#[derive(Debug, Default)]
pub(super) struct Person;

impl Origin for Repository {
    const GRANTS: bool = false;
}

impl Origin for Person {
    const GRANTS: bool = true;
}

/// How paude runs this project in a container.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "O: Origin", expecting = "an object of settings")]
#[schemars(title = "paude.json", rename = "paude.json", bound = "O: Origin")]
pub(super) struct File<O> {
    /// Schema for editors; not used by paude itself.
    #[serde(rename = "$schema")]
    schema: Option<String>,
    /// Which directories are hidden behind an empty one: "auto" (environments
    /// are recognised), "none", or a list of directories inside the project.
    pub venv: Option<Venv>,
    /// How many directories deep nested projects are looked for. Default: 3.
    pub depth: Option<Depth>,
    /// Run by /bin/sh in the container before the command or shell.
    pub setup: Option<String>,
    /// The container image; "base" is another name for this key. Default: the
    /// official Python image of the host environment's version.
    #[serde(alias = "base")]
    pub image: Option<Image>,
    /// Variables set in the container.
    pub env: Option<BTreeMap<EnvName, String>>,
    /// Size limit of each empty directory: bytes, or text such as "2g".
    pub size: Option<Size>,
    /// What stands behind each hidden directory: "tmpfs" (memory, gone with the container)
    /// or "volume" (kept for the next run; the setup runs again when it has to).
    pub storage: Option<Storage>,
    /// What decides what is hidden: a policy component in the project, "builtin", or a
    /// list of such, whose findings are united. An object with "path" and "sha256" takes
    /// only that very file.
    pub policy: Option<Policies>,
    /// What runs the container.
    #[schemars(skip)]
    pub engine: Grant<EngineChoice, O>,
    /// Further arguments of podman or docker.
    #[schemars(skip)]
    pub engine_args: Grant<Vec<String>, O>,
    /// As whom the container runs.
    #[schemars(skip)]
    pub user: Grant<String, O>,
    /// How much time a policy has.
    #[schemars(skip)]
    pub policy_timeout: Grant<Seconds, O>,
    #[schemars(skip)]
    packages: Foreign,
    #[schemars(skip)]
    pip_install: Foreign,
    #[schemars(skip)]
    create: Foreign,
    #[schemars(skip)]
    build: Foreign,
}

impl<O> File<O> {
    /// The keys of the original Python program that mean nothing here, if present.
    pub(super) fn ignored(&self) -> Vec<&'static str> {
        [
            ("packages", &self.packages),
            ("pip_install", &self.pip_install),
            ("create", &self.create),
            ("build", &self.build),
        ]
        .into_iter()
        .filter_map(|(key, present)| present.0.then_some(key))
        .collect()
    }
}

/// Read from an object only. The derived reader would take a list as well: values by
/// their order, without a key that could be checked.
pub(super) struct Keyed<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keyed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
            type Value = Keyed<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with settings")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keyed<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Keyed)
            }
        }
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

/// A setting that only the person may make: in a repository's file it is an error.
#[derive(Debug)]
pub(super) struct Grant<T, O>(pub Option<T>, PhantomData<O>);

impl<T, O> Default for Grant<T, O> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<'de, T: Deserialize<'de>, O: Origin> Deserialize<'de> for Grant<T, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if O::GRANTS {
            return T::deserialize(deserializer).map(|value| Self(Some(value), PhantomData));
        }
        Err(D::Error::custom(
            "a project may not set this: it is for your command line or your own config.json",
        ))
    }
}

/// A key that is known and ignored, whatever its value.
#[derive(Debug, Default)]
struct Foreign(bool);

impl<'de> Deserialize<'de> for Foreign {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// The JSON Schema of `paude.json`, derived from the type that reads it.
pub fn schema() -> schemars::Schema {
    let mut schema = schemars::schema_for!(File<Repository>);
    // "default": null only says that a key may be left out, which is so anyway.
    let properties = schema.get_mut("properties").and_then(|value| value.as_object_mut());
    for property in properties.into_iter().flat_map(|object| object.values_mut()) {
        property.as_object_mut().map(|object| object.remove("default"));
    }
    schema
}
