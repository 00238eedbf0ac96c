//! The setting `policy`: paths of policy components, and the hashes that pin their content.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use sha2::Digest as _;

/// The maximum number of policies. Limits on time and memory apply to each of them, so their
/// sum grows with the number.
pub(crate) const MAX_POLICIES: usize = 8;

/// A SHA-256 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sha256([u8; 32]);

impl Sha256 {
    /// The hash of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The hash itself, the highest byte first.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut hash = [0; 32];
        let digits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        for (at, byte) in hash.iter_mut().enumerate().filter(|_| digits) {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap_or_default();
        }
        if digits { Ok(Self(hash)) } else { Err("a sha256 has 64 hexadecimal digits") }
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// One policy of a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyEntry {
    /// `builtin`, or a path relative to the project or to the user's settings file.
    pub(crate) path: String,
    /// The only content that is accepted; any if absent.
    pub(crate) sha256: Option<Sha256>,
}

impl PolicyEntry {
    fn unpinned(path: &str) -> Self {
        Self { path: path.to_owned(), sha256: None }
    }
}

/// The setting `policy`: 1 to [`MAX_POLICIES`] policies, in the order in which they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policies(pub(crate) Vec<PolicyEntry>);

/// An entry in the form of an object.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    path: String,
    sha256: Sha256,
}

const EXPECTED: &str = "a path, {\"path\": .., \"sha256\": ..}, or an array of 1 to 8 of these";

impl<'de> Deserialize<'de> for PolicyEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StringOrObject;
        impl<'de> Visitor<'de> for StringOrObject {
            type Value = PolicyEntry;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or {\"path\": .., \"sha256\": ..}")
            }
            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<PolicyEntry, E> {
                Ok(PolicyEntry::unpinned(path))
            }
            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<PolicyEntry, A::Error> {
                let pinned = Pinned::deserialize(MapAccessDeserializer::new(object))?;
                Ok(PolicyEntry { path: pinned.path, sha256: Some(pinned.sha256) })
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
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let path = json_schema!({ "type": "string", "minLength": 1 });
        let pinned = json_schema!({
            "type": "object",
            "properties": {
                "path": path,
                "sha256": { "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" },
            },
            "required": ["path", "sha256"],
            "additionalProperties": false,
        });
        let entry = json_schema!({ "anyOf": [path, pinned] });
        let array = json_schema!({
            "type": "array", "items": entry, "minItems": 1, "maxItems": MAX_POLICIES,
        });
        json_schema!({ "anyOf": [path, pinned, array] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), empty);
        assert_eq!(empty.to_uppercase().parse(), Ok(Sha256::of(b"")));
        for wrong in ["", &empty[1..], &empty.replace('e', "g"), &format!("{empty}0")] {
            assert!(wrong.parse::<Sha256>().is_err(), "{wrong}");
        }
    }
}
