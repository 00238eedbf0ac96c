//! Reads the bytes of a policy, and verifies its pin.

use super::{builtin, limits};
use crate::bounded_read;
use crate::config::{BuiltinPolicy, PolicyChoice, PolicySource};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::value::Sha256;
use crate::workspace::Workspace;

/// The code of a policy.
pub(super) enum PolicyCode {
    /// In this program.
    Builtin(BuiltinPolicy),
    /// The bytes of a component.
    Component(Vec<u8>),
}

impl PolicyCode {
    /// The bytes of the component that it is in.
    pub(super) fn component(&self) -> &[u8] {
        match self {
            Self::Builtin(_) => builtin(),
            Self::Component(bytes) => bytes,
        }
    }
}

/// A policy, and its name in messages.
pub(super) struct LoadedPolicy {
    /// The name, as the subject of a sentence.
    pub(super) who: String,
    pub(super) code: PolicyCode,
}

impl LoadedPolicy {
    /// A policy inside this program.
    pub(super) fn builtin(policy: BuiltinPolicy) -> Self {
        let who = match policy {
            BuiltinPolicy::Python => "the built-in policy".to_owned(),
            _ => format!("the built-in policy `{}`", policy.name()),
        };
        Self { who, code: PolicyCode::Builtin(policy) }
    }

    /// Reads a policy. Fails if it has another SHA-256 than its pin, if it has one.
    pub(super) fn load(choice: &PolicyChoice, workspace: &Workspace) -> Result<Self> {
        let policy = Self::read(&choice.source, Some(workspace))?;
        let Some(pin) = choice.pin else { return Ok(policy) };
        let hash = Sha256::of(policy.code.component());
        if hash == pin {
            return Ok(policy);
        }
        let what =
            format!("{} does not match its pin: its sha256 is {hash}, not {pin}", policy.who);
        Err(Error::failed(what).hint("if this file is the right one, change the pin to its sha256"))
    }

    /// Reads a policy of at most [`limits::COMPONENT_BYTES`]. Without a `workspace`, one of a
    /// workspace counts as missing.
    pub(super) fn read(source: &PolicySource, workspace: Option<&Workspace>) -> Result<Self> {
        let (name, bytes) = match source {
            PolicySource::Builtin(policy) => return Ok(Self::builtin(*policy)),
            PolicySource::File(path) => {
                (shown_path(path), bounded_read::read_named(path, limits::COMPONENT_BYTES))
            }
            PolicySource::Workspace(path) => (
                shown(path.as_str()).into_owned(),
                workspace.map_or(Ok(None), |workspace| {
                    workspace.read(path.as_path(), limits::COMPONENT_BYTES)
                }),
            ),
        };
        let who = format!("policy `{name}`");
        let fail =
            |what: &dyn std::fmt::Display| Error::failed(format!("cannot read {who}: {what}"));
        match bytes {
            Ok(Some(bytes)) => Ok(Self { who, code: PolicyCode::Component(bytes) }),
            Ok(None) => Err(fail(&"no such file")),
            Err(error) => Err(fail(&error)),
        }
    }
}
