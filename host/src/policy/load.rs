//! Reads the bytes of a policy, and verifies its pin.

use super::{builtin, limits};
use crate::bounded_read;
use crate::config::{BuiltinPolicy, PolicyChoice, PolicySource, StoredPolicy};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::policy_store::PolicyStore;
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
            PolicySource::Stored(policy) => return Self::read_stored(policy, workspace),
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

    /// Reads a policy that was pulled. Nothing is fetched here: if it is missing, the error names
    /// the command that fetches it.
    fn read_stored(policy: &StoredPolicy, workspace: Option<&Workspace>) -> Result<Self> {
        let store = PolicyStore::open(workspace.map(|workspace| workspace.path().as_path()))?;
        let (sha256, who) = match policy {
            StoredPolicy::Content(sha256, Some(reference)) => {
                (Some(*sha256), format!("policy `{reference}`"))
            }
            StoredPolicy::Content(sha256, None) => {
                (Some(*sha256), format!("policy `sha256:{sha256}`"))
            }
            StoredPolicy::Reference(reference) => {
                let found = store.as_ref().map(|store| store.find(reference)).transpose()?;
                (found.flatten(), format!("policy `oci:{reference}`"))
            }
        };
        let read = |(store, sha256): (&PolicyStore, _)| store.read(sha256, limits::COMPONENT_BYTES);
        let bytes = store.as_ref().zip(sha256).map(read).transpose()?.flatten();
        if let Some(bytes) = bytes {
            return Ok(Self { who, code: PolicyCode::Component(bytes) });
        }
        let hint = match policy {
            StoredPolicy::Content(sha256, Some(reference)) => {
                format!("paude policy pull {reference} --sha256 {sha256}")
            }
            StoredPolicy::Content(_, None) => {
                "`paude policy list` shows the policies that were pulled".to_owned()
            }
            StoredPolicy::Reference(reference) => format!("paude policy pull {reference}"),
        };
        let what = format!("{who} was not pulled, and a run fetches nothing");
        Err(Error::failed(what).hint(hint))
    }
}
