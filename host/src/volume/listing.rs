//! Listing and removing volumes.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use super::store::{Record, Store};
use super::{backend, cache};
use crate::engine::{Engine, installed};
use crate::error::{Error, Result};
use crate::escape::{shown, shown_path};
use crate::session;
use crate::workspace::Workspace;

/// A volume as `paude volumes list` prints it.
#[derive(Debug)]
pub(crate) struct VolumeStatus {
    name: String,
    /// Whether a session uses it.
    in_use: bool,
    /// `None` if its creation was interrupted.
    record: Option<Record>,
    /// In bytes; `None` if it cannot be found out from here.
    size: Option<u64>,
}

impl Display for VolumeStatus {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(record) = &self.record else { return write!(f, "{}  unfinished", self.name) };
        let state = match (self.in_use, &record.stamp, &record.environment) {
            (true, ..) => "in use",
            (false, _, None) => "cache",
            (false, Some(_), _) => "set up",
            (false, None, _) => "no setup",
        };
        let engine = record.engine.to_string();
        let what = match &record.environment {
            Some(environment) => format!("`{}`", shown(environment)),
            None => "cache".to_owned(),
        };
        let size = self.size.map_or_else(|| "?".to_owned(), shown_size);
        let workspace = shown_path(workspace_path(record));
        write!(f, "{}  {state:8}  {engine:6}  {size:>6}  {what} of {workspace}", self.name)
    }
}

/// A number of bytes with one of the units that `--size` takes.
fn shown_size(bytes: u64) -> String {
    let mut size = bytes.div_ceil(1024);
    for unit in ["k", "m", "g"] {
        if size < 1024 {
            return format!("{size}{unit}");
        }
        size = size.div_ceil(1024);
    }
    format!("{size}t")
}

fn workspace_path(record: &Record) -> &Path {
    Path::new::<OsString>(&record.workspace)
}

/// All volumes of the user, sorted by name.
pub(crate) fn list() -> Result<Vec<VolumeStatus>> {
    let store = Store::locate()?;
    let names = store.names()?.into_iter();
    names
        .map(|name| {
            let in_use = store.try_lock_exclusive(&name)?.is_none();
            let record = store.read_record(&name);
            let size = record.as_ref().and_then(|record| cache::size(&store, &name, record.engine));
            Ok(VolumeStatus { name, in_use, record, size })
        })
        .collect()
}

/// Removes a volume and its record. Fails if it does not exist, or if a session uses it.
pub(crate) fn remove(name: &str) -> Result<()> {
    let store = Store::locate()?;
    if !store.names()?.iter().any(|known| known == name) {
        return Err(Error::usage(format!("there is no volume `{}`", shown(name)))
            .hint("`paude volumes list` shows all of them"));
    }
    let Some(_exclusive) = store.try_lock_exclusive(name)? else {
        return Err(Error::failed(format!("the volume `{name}` is in use"))
            .hint("end the session that uses it"));
    };
    if let Some(record) = store.read_record(name) {
        backend::remove(record.engine, &store, name)?;
    } else {
        // Its creation was interrupted, so that any engine may have it.
        for engine in Engine::ALL.into_iter().filter(|engine| engine.client().is_some()) {
            if installed(engine.program()) && backend::is_responding(engine) {
                backend::remove(engine, &store, name)?;
            }
        }
    }
    store.remove(name)
}

/// Removes the volumes that no run can use again. Returns the name of each with the result.
pub(crate) fn prune() -> Result<Vec<(String, Result<()>)>> {
    let is_unusable = |volume: &VolumeStatus| {
        !volume.in_use && volume.record.as_ref().is_none_or(|record| !is_usable(record))
    };
    let names = list()?.into_iter().filter(is_unusable).map(|volume| volume.name);
    Ok(names.map(|name| (name.clone(), remove(&name))).collect())
}

/// Whether its project and image still exist.
fn is_usable(record: &Record) -> bool {
    let workspace = Workspace::open(workspace_path(record)).ok();
    let identity = workspace.and_then(|workspace| session::workspace_identity(&workspace).ok());
    identity.is_some_and(|identity| identity == record.identity)
        && (record.environment.is_none() || backend::has_image(record.engine, &record.image))
}
