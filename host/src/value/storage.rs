//! The setting `storage`: what takes the place of hidden directories.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// What is mounted over a hidden directory.
// The comments of the variants are help texts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Storage {
    /// Memory, gone with the container
    #[default]
    Tmpfs,
    /// A volume, kept for the next run
    Volume,
}

/// What is mounted over the directories that each built-in policy finds, and over all others. A
/// string is for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(remote = "Self", deny_unknown_fields, default)]
pub(crate) struct StorageChoice {
    /// Of what has no storage of its own.
    pub(crate) default: Option<Storage>,
    /// Of what the policy `python` finds.
    pub(crate) python: Option<Storage>,
    /// Of what the policy `node` finds.
    pub(crate) node: Option<Storage>,
    /// Of what the policy `rust` finds.
    pub(crate) rust: Option<Storage>,
}

impl StorageChoice {
    /// The keys of its object.
    pub(crate) const KEYS: [&str; 4] = ["default", "python", "node", "rust"];

    /// What is mounted over a directory that has this storage of its own, or none.
    pub(crate) fn or_default(self, own: Option<Storage>) -> Storage {
        own.or(self.default).unwrap_or_default()
    }

    /// Whether anything may be kept.
    pub(crate) fn keeps_any(self) -> bool {
        self.each().contains(&Storage::Volume)
    }

    /// Whether nothing is in memory.
    pub(crate) fn keeps_all(self) -> bool {
        !self.each().contains(&Storage::Tmpfs)
    }

    /// Whether an environment of Python may be kept: other policies find them too.
    pub(crate) fn keeps_python(self) -> bool {
        [self.python, None].map(|own| self.or_default(own)).contains(&Storage::Volume)
    }

    fn each(self) -> [Storage; 4] {
        [None, self.python, self.node, self.rust].map(|own| self.or_default(own))
    }
}

impl From<Storage> for StorageChoice {
    fn from(storage: Storage) -> Self {
        Self { default: Some(storage), ..Self::default() }
    }
}

impl<'de> Deserialize<'de> for StorageChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StorageForm;
        impl<'de> Visitor<'de> for StorageForm {
            type Value = StorageChoice;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"tmpfs\", \"volume\" or an object with one of them for each policy")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<StorageChoice, E> {
                Storage::deserialize(StrDeserializer::new(text)).map(StorageChoice::from)
            }
            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<StorageChoice, A::Error> {
                StorageChoice::deserialize(MapAccessDeserializer::new(object))
            }
        }
        deserializer.deserialize_any(StorageForm)
    }
}

impl JsonSchema for StorageChoice {
    fn schema_name() -> Cow<'static, str> {
        "StorageChoice".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let storage = generator.subschema_for::<Storage>();
        let properties: serde_json::Map<_, _> = Self::KEYS
            .map(|key| (key.to_owned(), storage.clone().to_value()))
            .into_iter()
            .collect();
        json_schema!({ "anyOf": [
            storage,
            { "type": "object", "properties": properties, "additionalProperties": false },
        ]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_follows_from_the_default_and_the_exceptions() {
        for (text, any, all, python) in [
            ("{}", false, false, false),
            ("\"tmpfs\"", false, false, false),
            ("\"volume\"", true, true, true),
            ("{\"node\": \"volume\"}", true, false, false),
            ("{\"rust\": \"volume\"}", true, false, false),
            ("{\"python\": \"volume\"}", true, false, true),
            ("{\"default\": \"volume\", \"node\": \"tmpfs\"}", true, false, true),
            ("{\"default\": \"volume\", \"python\": \"tmpfs\"}", true, false, true),
            ("{\"default\": \"tmpfs\", \"rust\": null}", false, false, false),
        ] {
            let choice: StorageChoice = serde_json::from_str(text).unwrap();
            let found = (choice.keeps_any(), choice.keeps_all(), choice.keeps_python());
            assert_eq!(found, (any, all, python), "{text}");
        }
    }
}
