//! The types of settings: each is parsed once, alike in JSON and on the command line.

mod policies;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use crate::escape::shown;

#[cfg(any(test, fuzzing))]
pub(crate) use policies::PolicyEntry;
pub(crate) use policies::{MAX_POLICIES, Policies, Sha256};

/// The setting `storage`: what is mounted over a hidden directory.
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

/// The setting `size` in bytes: a number, or a string of digits and `k`, `m`, `g` or `t` (powers
/// of 1024).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64);

impl From<Size> for u64 {
    fn from(size: Size) -> Self {
        size.0
    }
}

impl FromStr for Size {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let (digits, shift) = match lower.strip_suffix(['k', 'm', 'g', 't']) {
            Some(digits) => (digits, 10 * (1 + "kmgt".find(&lower[digits.len()..]).unwrap_or(0))),
            None => (lower.as_str(), 0),
        };
        let bytes =
            digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
        bytes
            .and_then(|bytes| bytes.checked_mul(1 << shift))
            // A tmpfs holds at least one page, and engines parse at most i64::MAX.
            .filter(|bytes| (4096..=i64::MAX as u64).contains(bytes))
            .map(Self)
            .ok_or_else(|| {
                format!("`{}` is not a size from 4k up, such as 512m or 2g", shown(text))
            })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrString;
        impl Visitor<'_> for NumberOrString {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size in bytes, or a string such as \"2g\"")
            }
            fn visit_u64<E: serde::de::Error>(self, bytes: u64) -> Result<Size, E> {
                self.visit_str(&bytes.to_string())
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberOrString)
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 4096 },
            { "type": "string", "pattern": "^[0-9]+[kmgtKMGT]?$" },
        ]})
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

/// Defines a string type with a check that applies to JSON and the command line.
macro_rules! checked_string {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $fault:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                let fault: fn(&str) -> Option<&'static str> = $fault;
                fault(&text).map_or(Ok(Self(text)), |fault| Err(fault.to_owned()))
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                text.to_owned().try_into()
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_string! {
    /// The name of a container image: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. Anything else is
    /// refused, because the name is an argument of the engine, to which `-v` would be an option
    /// and `docker-archive:/some/file` a file of the host (containers-transports(5)).
    Image, r"^[A-Za-z0-9][A-Za-z0-9._/-]*(:[A-Za-z0-9_.-]+)?(/[A-Za-z0-9._/-]+)?(:[A-Za-z0-9_.-]+)?(@[a-z0-9]+:[0-9a-f]+)?$", |text| {
        const TRANSPORTS: [&str; 8] = [
            "containers-storage", "dir", "docker-archive", "docker-daemon", "oci", "oci-archive",
            "ostree", "sif",
        ];
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._/:@-".contains(c);
        let name = text.split('@').next().unwrap_or_default();
        let (host, rest) = name.split_once('/').unwrap_or(("", name));
        let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let valid = text.chars().all(allowed)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.split_once(':').is_none_or(|(first, _)| !TRANSPORTS.contains(&first))
            && host.split_once(':').is_none_or(|(_, port)| is_port(port))
            && rest.split_once(':').is_none_or(|(_, tag)| !tag.contains(['/', ':']));
        (!valid).then_some(
            "expected an image as [HOST[:PORT]/]NAME[:TAG], beginning with a letter or digit",
        )
    }
}

checked_string! {
    /// The name of an environment variable.
    EnvName, r"^[A-Za-z_][A-Za-z0-9_]*$", |text| {
        let valid = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && text.starts_with(|c: char| !c.is_ascii_digit());
        (!valid).then_some(
            "expected a variable name of letters, digits and `_`, not beginning with a digit",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_units_are_powers_of_1024() {
        for (text, bytes) in [("4096", 4096), ("64m", 64 << 20), ("2G", 2 << 30), ("1t", 1 << 40)] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "0", "4095", "g", "-1", "+5000", "1.5g", "2gb", "99999999t", "1 g"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn user_ids_are_numbers_with_or_without_a_group() {
        for (text, uid, gid) in [("0", 0, 0), ("1000", 1000, 1000), ("7:4294967295", 7, u32::MAX)] {
            assert_eq!(text.parse(), Ok(UserIds { uid, gid }), "{text}");
        }
        for text in ["", "me", "1000:", ":1", "1:2:3", "-1", "4294967296", "1 "] {
            assert!(text.parse::<UserIds>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_image_cannot_be_an_engine_option() {
        for text in [
            "",
            "-v/:/host",
            "--privileged",
            "a b",
            "a\nb",
            "/x",
            "dir:/x",
            "oci:x",
            "docker-archive:/x",
            "docker://x",
        ] {
            assert!(Image::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in [
            "docker.io/library/python:3.12-slim@sha256:0a",
            "python",
            "python:3",
            "localhost:5000/a/b:1",
            "a_b/c",
        ] {
            assert!(Image::try_from(text.to_owned()).is_ok(), "{text}");
        }
    }
}
