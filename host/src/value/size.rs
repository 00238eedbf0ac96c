//! The setting `size`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};

use crate::escape::shown;

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
}
