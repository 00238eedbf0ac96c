//! What is kept, for people: listing and removing it.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use super::store::{Record, Store};
use super::{backend, name};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::render::Engine;
use crate::workspace::Workspace;

/// A volume in a list.
#[derive(Debug)]
pub struct Listed {
    name: String,
    /// Whether a session uses it.
    used: bool,
    /// What is known of it.
    record: Option<Record>,
}

impl Display for Listed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(record) = &self.record else { return write!(f, "{}  unfinished", self.name) };
        let state = match (self.used, &record.stamp) {
            (true, _) => "in use",
            (false, Some(_)) => "set up",
            (false, None) => "no setup",
        };
        let (environment, place) = (shown(&record.environment), shown_path(place(record)));
        let engine = record.engine.to_string();
        write!(f, "{}  {state:8}  {engine:6}  `{environment}` of {place}", self.name)
    }
}

fn place(record: &Record) -> &Path {
    Path::new::<OsString>(&record.workspace)
}

/// Every volume of the person's.
pub fn list() -> Result<Vec<Listed>> {
    let store = Store::find()?;
    let names = store.names()?.into_iter();
    names
        .map(|name| {
            let (used, record) = (store.take(&name)?.is_none(), store.record(&name));
            Ok(Listed { name, used, record })
        })
        .collect()
}

/// Removes one.
pub fn remove(name: &str) -> Result<()> {
    let store = Store::find()?;
    if !store.names()?.iter().any(|known| known == name) {
        return Err(Error::usage(format!("there is no volume `{}`", shown(name)))
            .hint("`paude volumes list` shows all of them"));
    }
    let Some(_alone) = store.take(name)? else {
        return Err(Error::failed(format!("the volume `{name}` is in use"))
            .hint("end the session that uses it"));
    };
    if let Some(record) = store.record(name) {
        backend::remove(record.engine, &store, name)?;
    } else {
        // Its making was cut short, and nobody knows in which engine.
        for engine in [Engine::Podman, Engine::Docker] {
            if crate::engine::installed(&engine.to_string()) && backend::answers(engine) {
                backend::remove(engine, &store, name)?;
            }
        }
    }
    store.remove(name)
}

/// Removes those that no run will pick up again. Says which, and those that failed.
pub fn prune() -> Result<Vec<(String, Result<()>)>> {
    let useless = |listed: &Listed| {
        !listed.used && listed.record.as_ref().is_none_or(|record| !is_useful(record))
    };
    let names = list()?.into_iter().filter(useless).map(|listed| listed.name);
    Ok(names.map(|name| (name.clone(), remove(&name))).collect())
}

/// Whether project and image are still those it was made for.
fn is_useful(record: &Record) -> bool {
    let workspace = Workspace::open(place(record)).ok();
    let identity = workspace.and_then(|workspace| name::identity(&workspace).ok());
    identity.is_some_and(|identity| identity == record.identity)
        && backend::has_image(record.engine, &record.image)
}
