//! Names of policies in OCI registries.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};

use super::Sha256;

/// `HOST[:PORT]/NAME:TAG`, with or without `@sha256:DIGEST` of the manifest, which then decides.
/// Nothing is implied: neither a registry nor a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OciReference {
    text: String,
    /// Where the name begins in `text`, and where it ends.
    name: (usize, usize),
    /// The tag, unless only the digest is given.
    tag: Option<String>,
    digest: Option<Sha256>,
}

const EXPECTED: &str = "expected HOST/NAME:TAG, such as registry.example/team/policy:1.0";

/// The greatest length of a reference; the specification gives names 255 bytes.
const MAX_LENGTH: usize = 512;

impl OciReference {
    /// The registry, as `HOST` or `HOST:PORT`.
    pub(crate) fn registry(&self) -> &str {
        &self.text[..self.name.0 - 1]
    }

    /// The name in the registry.
    pub(crate) fn name(&self) -> &str {
        &self.text[self.name.0..self.name.1]
    }

    /// What the registry calls this version: the digest of a manifest, or a tag.
    pub(crate) fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("sha256:{digest}"),
            (None, tag) => tag.clone().unwrap_or_default(),
        }
    }

    /// The only manifest that is meant, if one is named.
    pub(crate) fn digest(&self) -> Option<Sha256> {
        self.digest
    }
}

impl FromStr for OciReference {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || EXPECTED.to_owned();
        if text.len() > MAX_LENGTH {
            return Err(fault());
        }
        let (rest, digest) = match text.split_once("@sha256:") {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(str::to_owned)?)),
            None => (text, None),
        };
        let (host, path) = rest.split_once('/').ok_or_else(fault)?;
        let (name, tag) = match path.split_once(':') {
            Some((name, tag)) => (name, Some(tag.to_owned())),
            None => (path, None),
        };
        if !is_registry(host) || !name.split('/').all(is_component) {
            return Err(fault());
        }
        match &tag {
            Some(tag) if is_tag(tag) => {}
            None if digest.is_some() => {}
            None => return Err(format!("it names no version: {EXPECTED}")),
            Some(_) => return Err(fault()),
        }
        let start = host.len() + 1;
        Ok(Self { text: text.to_owned(), name: (start, start + name.len()), tag, digest })
    }
}

/// Whether this is a host, which has a dot or a port to tell it from a name, or is `localhost`.
fn is_registry(text: &str) -> bool {
    let port = |rest: &str| {
        rest.strip_prefix(':').is_some_and(|port| {
            (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit())
        })
    };
    if let Some(rest) = text.strip_prefix("[::1]") {
        return rest.is_empty() || port(rest);
    }
    let end = text.find(':').unwrap_or(text.len());
    let (host, rest) = text.split_at(end);
    let labels = host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let is_told_apart = host == "localhost" || host.contains('.') || !rest.is_empty();
    labels && is_told_apart && (rest.is_empty() || port(rest))
}

/// Whether this is a part of a name: lower case, with separators inside it only.
fn is_component(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.bytes().all(|b| is_plain(b) || b"._-".contains(&b))
        && text.bytes().next().is_some_and(is_plain)
        && text.bytes().last().is_some_and(is_plain)
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| is_word(b) || b".-".contains(&b))
        && text.bytes().next().is_some_and(is_word)
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for OciReference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for OciReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for OciReference {
    fn schema_name() -> Cow<'static, str> {
        "OciReference".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = "^[A-Za-z0-9.:\\[\\]-]+/[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$";
        json_schema!({ "type": "string", "pattern": pattern })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_registry_a_name_and_a_version() {
        let digest = "a".repeat(64);
        for (text, registry, name, version) in [
            ("registry.example/team/policy:1.0", "registry.example", "team/policy", "1.0"),
            ("localhost/a:b", "localhost", "a", "b"),
            ("127.0.0.1:5000/a.b__c/d-e:_X", "127.0.0.1:5000", "a.b__c/d-e", "_X"),
            ("[::1]:5000/a:1", "[::1]:5000", "a", "1"),
            (
                &format!("r.example/a@sha256:{digest}"),
                "r.example",
                "a",
                &format!("sha256:{digest}"),
            ),
            (&format!("r:1/a:x@sha256:{digest}"), "r:1", "a", &format!("sha256:{digest}")),
        ] {
            let parsed: OciReference =
                text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(parsed.to_string(), text);
            assert_eq!((parsed.registry(), parsed.name()), (registry, name));
            assert_eq!(parsed.version(), version);
        }
    }

    /// It is part of an address and of messages, so nothing else may be in it.
    #[test]
    fn anything_else_is_refused() {
        let long = format!("r.example/{}:1", "a".repeat(512));
        for text in [
            "",
            "policy",
            "policy:1",
            "team/policy:1",
            "r.example/policy",
            "r.example/:1",
            "r.example/a:",
            "r.example//a:1",
            "r.example/A:1",
            "r.example/a/../b:1",
            "r.example/-a:1",
            "https://r.example/a:1",
            "user@r.example/a:1",
            "r.example:/a:1",
            "r.example:x/a:1",
            "r..example/a:1",
            "-r.example/a:1",
            "r.example/a:1?x",
            "r.example/a:1#x",
            "r.example/a b:1",
            "r.example/a:1\n",
            "r.example\\a/b:1",
            "r.example/a:1@sha256:0",
            "r.example/a@sha512:00",
            "[::2]/a:1",
            "[::1]x/a:1",
            &long,
        ] {
            assert!(text.parse::<OciReference>().is_err(), "{text}");
        }
    }
}
