//! Values of the settings, each parsed once, the same in JSON and on the command line.

mod policies;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

pub use policies::{MOST_POLICIES, Policies, PolicyEntry, Sha256};

/// What runs the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// podman if it is there, else a docker that answers, else native
    #[default]
    Auto,
    /// podman
    Podman,
    /// docker
    Docker,
    /// Linux namespaces over this machine's own root; no image, no daemon
    Native,
}

/// What stands behind a hidden directory.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Storage {
    /// Memory; gone with the container
    #[default]
    Tmpfs,
    /// A volume that is kept for the next run
    Volume,
}

/// The key `venv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Venv {
    /// `"auto"`
    Auto,
    /// `"none"`
    None,
    /// A list of directories.
    Listed(Vec<String>),
}

impl<'de> Deserialize<'de> for Venv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Venv;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", \"none\" or a list of directories")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Venv, E> {
                match text {
                    "auto" => Ok(Venv::Auto),
                    "none" => Ok(Venv::None),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Venv, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = list.next_element()? {
                    paths.push(path);
                }
                Ok(Venv::Listed(paths))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl JsonSchema for Venv {
    fn schema_name() -> Cow<'static, str> {
        "Venv".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "enum": ["auto", "none"] },
            { "type": "array", "items": { "type": "string", "minLength": 1 } },
        ]})
    }
}

/// How many directories deep nested projects are looked for: 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "u64")]
pub struct Depth(u32);

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

/// A size in bytes: a number, or a number with `k`, `m`, `g` or `t` (powers of 1024).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(u64);

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
            // One page is the least a tmpfs can hold; i64::MAX is the most engines parse.
            .filter(|bytes| (4096..=i64::MAX as u64).contains(bytes))
            .map(Self)
            .ok_or_else(|| {
                format!(
                    "`{}` is not a size from 4k up, such as 512m or 2g",
                    crate::escape::shown(text)
                )
            })
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size in bytes, or text such as \"2g\"")
            }
            fn visit_u64<E: serde::de::Error>(self, bytes: u64) -> Result<Size, E> {
                self.visit_str(&bytes.to_string())
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
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

/// A time limit in whole seconds: 1 to 3600.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "u64")]
pub struct Seconds(u64);

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

/// Text that is checked when it is read, in JSON and on the command line alike.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $fault:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

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

checked_text! {
    /// A container image's name: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`. Nothing else: it
    /// stands alone on an engine's command line, where `-v` would be an option, and
    /// podman would open `docker-archive:/some/file` of the host.
    Image, r"^[A-Za-z0-9][A-Za-z0-9._/-]*(:[A-Za-z0-9_.-]+)?(/[A-Za-z0-9._/-]+)?(:[A-Za-z0-9_.-]+)?(@[a-z0-9]+:[0-9a-f]+)?$", |text| {
        const TRANSPORTS: [&str; 8] = [
            "containers-storage", "dir", "docker-archive", "docker-daemon", "oci", "oci-archive",
            "ostree", "sif",
        ];
        let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@-".contains(c);
        let name = text.split('@').next().unwrap_or_default();
        let (host, rest) = name.split_once('/').unwrap_or(("", name));
        let transport = name.split_once(':').is_some_and(|(first, _)| TRANSPORTS.contains(&first));
        let digits = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let port = host.split_once(':').is_none_or(|(_, port)| digits(port));
        let tag = rest.split_once(':').is_none_or(|(_, tag)| !tag.contains(['/', ':']));
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let image = first && port && tag && !transport && text.chars().all(plain);
        (!image).then_some("an image is named [HOST[:PORT]/]NAME[:TAG], beginning with a letter or digit")
    }
}

checked_text! {
    /// The name of an environment variable.
    EnvName, r"^[A-Za-z_][A-Za-z0-9_]*$", |text| {
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (!first || !rest).then_some("a variable's name is made of letters, digits and `_`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [("4096", 4096), ("64m", 64 << 20), ("2G", 2 << 30), ("1t", 1 << 40)] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "0", "4095", "g", "-1", "+5000", "1.5g", "2gb", "99999999t", "1 g"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
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
