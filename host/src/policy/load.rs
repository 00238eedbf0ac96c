//! From where a policy is to the bytes that it is made of.

use super::{builtin, limits};
use crate::config::{PolicyChoice, PolicySource};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::file;
use crate::value::Sha256;
use crate::workspace::Workspace;

/// A policy's code and the name it goes by in messages.
pub(super) struct Policy {
    /// How a sentence names it.
    pub(super) who: String,
    /// `None` is the built-in one.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Policy {
    /// The one inside this program.
    pub(super) fn builtin() -> Self {
        Self { who: "the built-in policy".to_owned(), bytes: None }
    }

    /// Reads the file, and holds it to its pin.
    pub(super) fn load(choice: &PolicyChoice, workspace: &Workspace) -> Result<Self> {
        let policy = Self::read(&choice.source, Some(workspace))?;
        let Some(pin) = choice.pin else { return Ok(policy) };
        let hash = Sha256::of(policy.bytes.as_deref().unwrap_or(builtin()));
        if hash == pin {
            return Ok(policy);
        }
        let what = format!("{} is another file: its sha256 is {hash}, not {pin}", policy.who);
        Err(Error::failed(what).hint("if it is the one you mean, write its sha256 into the pin"))
    }

    /// Reads the file; one in a workspace only if there is one.
    pub(super) fn read(source: &PolicySource, workspace: Option<&Workspace>) -> Result<Self> {
        let (name, bytes) = match source {
            PolicySource::Builtin => return Ok(Self::builtin()),
            PolicySource::File(path) => {
                (shown_path(path), file::read_named(path, limits::COMPONENT_BYTES))
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
            Ok(Some(bytes)) => Ok(Self { who, bytes: Some(bytes) }),
            Ok(None) => Err(fail(&"no such file")),
            Err(error) => Err(fail(&error)),
        }
    }
}
