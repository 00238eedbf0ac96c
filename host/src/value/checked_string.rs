//! Settings that are strings of a certain form.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

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
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
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
    /// The name of a package of apt, dnf or apk, with `=VERSION` if only that version will do. It
    /// cannot be an option, and does not end in `-`, which asks apt to remove the package.
    PackageName, r"^[A-Za-z0-9]([A-Za-z0-9+._-]*[A-Za-z0-9+])?(=[A-Za-z0-9+.:~_-]*[A-Za-z0-9])?$", |text| {
        let (name, version) = text.split_once('=').unwrap_or((text, "0"));
        let is_in = |text: &str, marks: &str| {
            text.len() <= 128 && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
        };
        let ends_in = |text: &str, marks: &str| {
            text.ends_with(|c: char| c.is_ascii_alphanumeric() || marks.contains(c))
        };
        let valid = is_in(name, "+._-")
            && is_in(version, "+.:~_-")
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && ends_in(name, "+")
            && ends_in(version, "");
        (!valid).then_some(
            "expected the name of a package as NAME[=VERSION], of letters, digits and `+._-`",
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
