//! The image that the file has built from a Dockerfile.

use std::collections::BTreeMap;

use super::document::{BuildKeys, EnvText};
use super::variables::Variables;
use crate::error::{Error, Result};
use crate::escape::brief;
use crate::path::RelPath;

/// What an image is built from. All paths lie in the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Build {
    /// The Dockerfile.
    pub(crate) dockerfile: RelPath,
    /// The directory of the files that it copies; `None` is the project's own.
    pub(crate) context: Option<RelPath>,
    /// The build arguments.
    pub(crate) args: BTreeMap<String, String>,
    /// The stage to build; the last if absent.
    pub(crate) target: Option<String>,
}

impl Build {
    /// Reads the keys `build`, and `dockerFile` and `context`, their older names. Returns `None`
    /// if no Dockerfile is named. Fails for a path that leads out of the project.
    pub(super) fn new(
        keys: Option<BuildKeys>,
        legacy: [Option<String>; 2],
        file: &RelPath,
        variables: &mut Variables,
    ) -> Result<Option<Self>> {
        let [legacy_dockerfile, legacy_context] = legacy;
        let keys = keys.unwrap_or_default();
        let Some(dockerfile) = keys.dockerfile.or(legacy_dockerfile) else { return Ok(None) };
        let base = parent(file);
        let dockerfile = variables.substitute_plain(&dockerfile, "build.dockerfile")?;
        let dockerfile = resolve(base, &dockerfile)?.ok_or_else(|| outside(&dockerfile))?;
        let context = match keys.context.or(legacy_context) {
            None => parent(&dockerfile).map(RelPath::parse).transpose().ok().flatten(),
            Some(context) => {
                let context = variables.substitute_plain(&context, "build.context")?;
                resolve(base, &context)?
            }
        };
        let mut args = BTreeMap::new();
        for (name, EnvText(value)) in keys.args.into_iter().flatten() {
            let value = value.unwrap_or_default();
            args.insert(name, variables.substitute_plain(&value, "build.args")?);
        }
        let target = keys.target.map(|target| variables.substitute_plain(&target, "build.target"));
        Ok(Some(Self { dockerfile, context, args, target: target.transpose()? }))
    }
}

fn parent(path: &RelPath) -> Option<&str> {
    path.as_str().rsplit_once('/').map(|(parent, _)| parent)
}

/// Resolves a path that is relative to a directory of the project; `None` is the project itself.
fn resolve(base: Option<&str>, path: &str) -> Result<Option<RelPath>> {
    if path.starts_with('/') {
        return Err(outside(path));
    }
    let mut parts: Vec<&str> = base.into_iter().flat_map(|base| base.split('/')).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or_else(|| outside(path))?),
            part => parts.push(part),
        }
    }
    match parts.is_empty() {
        true => Ok(None),
        false => RelPath::parse(&parts.join("/")).map(Some).map_err(|fault| {
            Error::usage(format!("devcontainer.json: `build`: `{}` {fault}", brief(path)))
        }),
    }
}

fn outside(path: &str) -> Error {
    let path = brief(path);
    Error::usage(format!("devcontainer.json: `build`: `{path}` leads out of the project"))
        .hint("name an image instead: --image IMAGE")
}
