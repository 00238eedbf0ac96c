//! The setting `devcontainer`.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Whether settings are taken from a devcontainer.json, and from which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DevcontainerChoice {
    /// `false`: from none.
    Off,
    /// `true`: from the one in the usual places.
    Search,
    /// From the one at this path of the project, which is not checked yet.
    File(String),
}

/// The argument of `--devcontainer`, which is empty if only the option is given.
impl FromStr for DevcontainerChoice {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text.is_empty() { Self::Search } else { Self::File(text.to_owned()) })
    }
}

impl<'de> Deserialize<'de> for DevcontainerChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrPath;
        impl Visitor<'_> for BoolOrPath {
            type Value = DevcontainerChoice;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or the path of a file in the project")
            }
            fn visit_bool<E: Error>(self, search: bool) -> Result<DevcontainerChoice, E> {
                let (on, off) = (DevcontainerChoice::Search, DevcontainerChoice::Off);
                Ok(if search { on } else { off })
            }
            fn visit_str<E: Error>(self, path: &str) -> Result<DevcontainerChoice, E> {
                Ok(DevcontainerChoice::File(path.to_owned()))
            }
        }
        deserializer.deserialize_any(BoolOrPath)
    }
}

impl JsonSchema for DevcontainerChoice {
    fn schema_name() -> Cow<'static, str> {
        "Devcontainer".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "minLength": 1 }] })
    }
}
