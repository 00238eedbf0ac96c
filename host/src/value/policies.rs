//! The setting `policy`: where policy components are, and the hashes that pin their content.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{OciReference, Sha256};

/// The maximum number of policies. Limits on time and memory apply to each of them, so their
/// sum grows with the number.
pub(crate) const MAX_POLICIES: usize = 8;

/// One policy of a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicyEntry {
    /// `builtin`, or a path relative to the project or to the user's settings file, and the only
    /// content that is accepted there; any if absent.
    File(String, Option<Sha256>),
    /// What the user's store has with this content, and where it was to be pulled from.
    Stored(OciReference, Sha256),
}

impl PolicyEntry {
    fn unpinned(path: &str) -> Self {
        Self::File(path.to_owned(), None)
    }
}

/// The setting `policy`: 1 to [`MAX_POLICIES`] policies, in the order in which they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policies(pub(crate) Vec<PolicyEntry>);

/// An entry in the form of an object.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    #[serde(default, deserialize_with = "not_null")]
    path: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    oci: Option<OciReference>,
    sha256: Sha256,
}

/// Reads a value that may be absent, but not null.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

const EXPECTED: &str = "a path, {\"path\": .., \"sha256\": ..}, {\"oci\": .., \"sha256\": ..}, or an \
     array of 1 to 8 of these";

impl<'de> Deserialize<'de> for PolicyEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrObject;
        impl<'de> Visitor<'de> for StringOrObject {
            type Value = PolicyEntry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a path, {\"path\": .., \"sha256\": ..} or {\"oci\": .., \"sha256\": ..}",
                )
            }
            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<PolicyEntry, E> {
                Ok(PolicyEntry::unpinned(path))
            }
            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<PolicyEntry, A::Error> {
                let pinned = Pinned::deserialize(MapAccessDeserializer::new(object))?;
                match (pinned.path, pinned.oci) {
                    (Some(path), None) => Ok(PolicyEntry::File(path, Some(pinned.sha256))),
                    (None, Some(oci)) => Ok(PolicyEntry::Stored(oci, pinned.sha256)),
                    (None, None) => Err(A::Error::missing_field("path` or `oci")),
                    (Some(_), Some(_)) => {
                        Err(A::Error::custom("`path` and `oci` exclude each other"))
                    }
                }
            }
        }
        deserializer.deserialize_any(StringOrObject)
    }
}

impl<'de> Deserialize<'de> for Policies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringObjectOrArray;
        impl<'de> Visitor<'de> for StringObjectOrArray {
            type Value = Policies;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }
            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Policies, E> {
                Ok(Policies(vec![PolicyEntry::unpinned(path)]))
            }
            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Policies, A::Error> {
                let entry = PolicyEntry::deserialize(MapAccessDeserializer::new(object))?;
                Ok(Policies(vec![entry]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Policies, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = array.next_element()? {
                    entries.push(entry);
                    if entries.len() > MAX_POLICIES {
                        return Err(A::Error::invalid_length(entries.len(), &EXPECTED));
                    }
                }
                match entries.is_empty() {
                    true => Err(A::Error::invalid_length(0, &EXPECTED)),
                    false => Ok(Policies(entries)),
                }
            }
        }
        deserializer.deserialize_any(StringObjectOrArray)
    }
}

impl JsonSchema for Policies {
    fn schema_name() -> Cow<'static, str> {
        "Policies".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let path = json_schema!({ "type": "string", "minLength": 1 });
        let oci = OciReference::json_schema(generator);
        let pinned = |key: &str, place: &Schema| {
            json_schema!({
                "type": "object",
                "properties": {
                    key: place,
                    "sha256": { "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" },
                },
                "required": [key, "sha256"],
                "additionalProperties": false,
            })
        };
        let (in_file, in_store) = (pinned("path", &path), pinned("oci", &oci));
        let entry = json_schema!({ "anyOf": [path, in_file, in_store] });
        let array = json_schema!({
            "type": "array", "items": entry, "minItems": 1, "maxItems": MAX_POLICIES,
        });
        json_schema!({ "anyOf": [path, in_file, in_store, array] })
    }
}
