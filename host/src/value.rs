//! The types of settings: each is parsed once, alike in JSON and on the command line.

mod build;
mod checked_string;
mod devcontainer;
mod hashed_name;
mod oci_reference;
mod policies;
mod sha256;
mod shared_dir;
mod size;
mod span;
mod storage;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use crate::escape::shown;

pub(crate) use build::{BuildConsent, BuildSetting, MAX_PACKAGES};
pub(crate) use checked_string::{EnvName, Image, PackageName};
pub(crate) use devcontainer::DevcontainerChoice;
pub(crate) use hashed_name::{hashed_name, is_hashed_name};
pub(crate) use oci_reference::OciReference;
pub(crate) use policies::{MAX_POLICIES, Policies, PolicyEntry};
pub(crate) use sha256::Sha256;
pub(crate) use shared_dir::SharedDir;
pub(crate) use size::Size;
pub(crate) use span::Span;
pub(crate) use storage::{Storage, StorageChoice};

/// The setting `network`: what the container can reach.
// The comments of the variants are help texts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    /// What the engine gives a container
    #[default]
    Engine,
    /// Nothing but itself, by loopback
    None,
}

impl Network {
    /// The name in settings and JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::None => "none",
        }
    }
}

/// The maximum number of entries of `venv`, and of `skip`.
pub(crate) const MAX_PATHS: usize = 1000;

/// The setting `venv`, with paths that are not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Venv {
    /// `"auto"`
    Auto,
    /// `"none"`
    None,
    /// An array of directories, `"auto"` and `"!DIRECTORY"`.
    Listed(Vec<String>),
}

impl<'de> Deserialize<'de> for Venv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrArray;
        impl<'de> Visitor<'de> for StringOrArray {
            type Value = Venv;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", \"none\" or an array of directories")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Venv, E> {
                match text {
                    "auto" => Ok(Venv::Auto),
                    "none" => Ok(Venv::None),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Venv, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(array)).map(Venv::Listed)
            }
        }
        deserializer.deserialize_any(StringOrArray)
    }
}

impl JsonSchema for Venv {
    fn schema_name() -> Cow<'static, str> {
        "Venv".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "enum": ["auto", "none"] },
            {
                "type": "array",
                "items": { "type": "string", "minLength": 1 },
                "maxItems": MAX_PATHS,
            },
        ]})
    }
}

/// The setting `depth`: how many directories deep environments are looked for, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Depth(u32);

impl TryFrom<u64> for Depth {
    type Error = String;
    fn try_from(depth: u64) -> Result<Self, String> {
        match u32::try_from(depth) {
            Ok(depth @ 0..=100) => Ok(Self(depth)),
            _ => Err(format!("invalid value: `{depth}`, expected 0 to 100")),
        }
    }
}

impl From<Depth> for u32 {
    fn from(depth: Depth) -> Self {
        depth.0
    }
}

impl JsonSchema for Depth {
    fn schema_name() -> Cow<'static, str> {
        "Depth".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": 100 })
    }
}

/// The setting `policy_timeout` in whole seconds: 1 to 3600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Seconds(u64);

impl TryFrom<u64> for Seconds {
    type Error = String;
    fn try_from(seconds: u64) -> Result<Self, String> {
        match seconds {
            1..=3600 => Ok(Self(seconds)),
            _ => Err(format!("invalid value: `{seconds}`, expected 1 to 3600 seconds")),
        }
    }
}

impl FromStr for Seconds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = text.parse::<u64>().map_err(|_| "expected 1 to 3600 seconds".to_owned())?;
        Self::try_from(seconds)
    }
}

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Self {
        Self::from_secs(seconds.0)
    }
}

/// The setting `user`: the ids of the container user. Names are not accepted, since each image
/// may map them to other ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UserIds {
    /// The user id.
    pub(crate) uid: u32,
    /// The group id; the same number as the user id where only that was given.
    pub(crate) gid: u32,
}

impl FromStr for UserIds {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        match (uid.parse(), gid.parse()) {
            (Ok(uid), Ok(gid)) => Ok(Self { uid, gid }),
            _ => Err(format!("`{}` is not UID or UID:GID, such as 1000:1000", shown(text))),
        }
    }
}

impl fmt::Display for UserIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uid, self.gid)
    }
}

impl<'de> Deserialize<'de> for UserIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_are_numbers_with_or_without_a_group() {
        for (text, uid, gid) in [("0", 0, 0), ("1000", 1000, 1000), ("7:4294967295", 7, u32::MAX)] {
            assert_eq!(text.parse(), Ok(UserIds { uid, gid }), "{text}");
        }
        for text in ["", "me", "1000:", ":1", "1:2:3", "-1", "4294967296", "1 "] {
            assert!(text.parse::<UserIds>().is_err(), "{text}");
        }
    }
}
