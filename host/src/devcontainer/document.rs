//! The keys of the file that mean something to paude; all others are ignored.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The file as it is written, with nothing substituted.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase", expecting = "an object")]
pub(super) struct DevcontainerFile {
    pub(super) image: Option<String>,
    pub(super) build: Option<BuildKeys>,
    /// The older name of `build.dockerfile`.
    pub(super) docker_file: Option<String>,
    /// The older name of `build.context`.
    pub(super) context: Option<String>,
    pub(super) docker_compose_file: Value,
    pub(super) container_env: Option<BTreeMap<String, EnvText>>,
    pub(super) remote_env: Option<BTreeMap<String, EnvText>>,
    pub(super) on_create_command: Option<Command>,
    pub(super) update_content_command: Option<Command>,
    pub(super) post_create_command: Option<Command>,
    pub(super) mounts: Option<Vec<Value>>,
    pub(super) workspace_folder: Option<String>,
    pub(super) features: Option<Map<String, Value>>,
    // What follows only has a warning.
    pub(super) initialize_command: Value,
    pub(super) post_start_command: Value,
    pub(super) post_attach_command: Value,
    pub(super) run_args: Value,
    pub(super) privileged: Value,
    pub(super) cap_add: Value,
    pub(super) security_opt: Value,
    pub(super) remote_user: Value,
    pub(super) container_user: Value,
    pub(super) workspace_mount: Value,
    pub(super) forward_ports: Value,
    pub(super) app_port: Value,
}

/// The keys of `build`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, expecting = "an object")]
pub(super) struct BuildKeys {
    pub(super) dockerfile: Option<String>,
    pub(super) context: Option<String>,
    pub(super) args: Option<BTreeMap<String, EnvText>>,
    pub(super) target: Option<String>,
    pub(super) options: Value,
}

/// The value of a variable; `None` unsets it. Numbers and booleans are accepted as the text that
/// they are written as, because the reference implementation does the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnvText(pub(super) Option<String>);

impl<'de> Deserialize<'de> for EnvText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self(None)),
            Value::String(text) => Ok(Self(Some(text))),
            value @ (Value::Number(_) | Value::Bool(_)) => Ok(Self(Some(value.to_string()))),
            _ => Err(D::Error::custom("invalid type: expected a string or null")),
        }
    }
}

/// A command in one of its three forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A script for `/bin/sh`.
    Shell(String),
    /// A program and its arguments.
    Argv(Vec<String>),
    /// Named commands of the other two forms, in the order of the file.
    Several(Vec<Command>),
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CommandVisitor;
        impl<'de> Visitor<'de> for CommandVisitor {
            type Value = Command;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, an array of strings or an object of these")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Command, E> {
                Ok(Command::Shell(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Command, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(array)).map(Command::Argv)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Command, A::Error> {
                let mut members = Vec::new();
                while let Some((_, member)) = object.next_entry::<String, Option<Self::Value>>()? {
                    match member {
                        Some(Command::Several(_)) => {
                            return Err(A::Error::custom("invalid type: an object in an object"));
                        }
                        member => members.extend(member),
                    }
                }
                Ok(Command::Several(members))
            }
        }
        deserializer.deserialize_any(CommandVisitor)
    }
}
